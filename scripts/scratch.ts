import type { DatabaseKind } from '#latchkey/db/client.ts';
import { createPostgresDatabase, createSqliteDatabase, type Scope } from '../test/database.ts';
import { startPostgres } from '../test/postgres-server.ts';

/** Runs work with the URL of an empty database, which is deleted afterwards. */
export async function withScratchDatabase<T>(
  kind: DatabaseKind,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const teardowns: (() => Promise<void>)[] = [];
  const scope: Scope = { teardown: (teardown) => teardowns.unshift(teardown) };
  try {
    const { url } =
      kind === 'sqlite'
        ? await createSqliteDatabase(scope)
        : await createPostgresDatabase(scope, await server(scope));
    return await work(url);
  } finally {
    for (const teardown of teardowns) await teardown();
  }
}

/** Returns the server that `TEST_POSTGRES_URL` names, or starts a new one for this run. */
async function server(scope: Scope): Promise<string> {
  const running = process.env.TEST_POSTGRES_URL;
  if (running) return running;
  const { url, stop } = await startPostgres();
  scope.teardown(stop);
  return url;
}
