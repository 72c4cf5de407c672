import pg from 'pg';
import { databaseKind } from './client.ts';
import { connectionOptions, parsePostgresUrl, sessionSettings } from './postgres.ts';

interface Session {
  readonly pid: number;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * What is to be done about a pooler between us and Postgres: that the URL says so, and that its connections have the settings
 * that we cannot make there (docs/pgbouncer.md).
 *
 * @returns a sentence for each; none where there is no pooler, or all is as it should be
 * @throws when the database is away
 */
export async function poolerAdvice(url: string): Promise<readonly string[]> {
  if (databaseKind(url) === 'sqlite') return [];
  const target = parsePostgresUrl(url);
  const client = new pg.Client(connectionOptions(target));
  client.on('error', () => {});
  await client.connect();
  try {
    const { pid, settings } = await readSession(client);
    if (!target.pooled) {
      // A pooler answers in Postgres' place, with a number of its own.
      const promised: unknown = Reflect.get(client, 'processID');
      return pid === promised
        ? []
        : [
            'A pooler is between here and Postgres: add pgbouncer=true to DATABASE_URL if it pools transactions',
          ];
    }
    return Object.entries(sessionSettings)
      .filter(([name, value]) => settings[name] !== value)
      .map(([name, value]) => `PgBouncer's connections need ${name} = ${value}: see docs/pgbouncer.md`);
  } finally {
    await client.end();
  }
}

/** In one statement, and so of one connection. */
async function readSession(client: pg.Client): Promise<Session> {
  const { rows } = await client.query<{ pid: number; name: string; setting: string }>(
    'SELECT pg_backend_pid() AS pid, name, setting FROM pg_settings WHERE name = ANY($1)',
    [Object.keys(sessionSettings)],
  );
  return {
    pid: rows[0]?.pid ?? 0,
    settings: Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
  };
}
