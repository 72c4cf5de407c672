/**
 * Runs a real PgBouncer, with the settings of deploy/pgbouncer/pgbouncer.ini, in front of a real Postgres.
 */
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findProgram, startDaemon } from './daemon.ts';
import { freePort } from './postgres-server.ts';
import { until } from './until.ts';

export interface PgBouncer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts PgBouncer in front of all databases of a server. Call `stop()`; when this process dies without it,
 * PgBouncer ends by itself.
 *
 * @param server URL of a user of that server, with the password
 * @param mode the pool mode: what a connection is assigned to
 * @throws {Error} when it is not installed, or does not start
 */
export async function startPgBouncer(
  server: string,
  mode: 'transaction' | 'session' = 'transaction',
): Promise<PgBouncer> {
  const program = findProgram('pgbouncer');
  if (program === undefined)
    throw new Error('PgBouncer is not installed (Debian: apt-get install pgbouncer), and was asked for');
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-pgbouncer-'));
  const port = await freePort();
  // PgBouncer refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOfNobody('-u'), gid: idOfNobody('-g') } : {};
  const config = await writeSettings(folder, new URL(server), port, mode);
  if (user.uid !== undefined && user.gid !== undefined)
    for (const path of [folder, config.file, config.users]) await chown(path, user.uid, user.gid);

  const daemon = startDaemon(program, [config.file], { ...user, cwd: folder });
  const url = new URL(server);
  url.port = String(port);
  try {
    await until(() => answers(url.href));
  } catch (error) {
    await daemon.stop();
    throw new Error(`PgBouncer does not serve:\n${daemon.log()}`, { cause: error });
  }
  return {
    port,
    stop: async () => {
      await daemon.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the settings of the committed file, with other addresses and users. */
async function writeSettings(
  folder: string,
  { hostname, port, username, password }: URL,
  ownPort: number,
  mode: string,
) {
  const file = join(folder, 'pgbouncer.ini');
  const users = join(folder, 'userlist.txt');
  const committed = await readFile('deploy/pgbouncer/pgbouncer.ini', 'utf8');
  const replaced: [from: RegExp, to: string][] = [
    [/^latchkey = host=\S+ port=\d+ dbname=latchkey/m, `* = host=${hostname} port=${port}`],
    [/^listen_addr = .*/m, 'listen_addr = 127.0.0.1'],
    [/^listen_port = .*/m, `listen_port = ${ownPort}`],
    [/^auth_file = .*/m, `auth_file = ${users}`],
    [/^pool_mode = transaction/m, `pool_mode = ${mode}`],
  ];
  const text = replaced.reduce((before, [from, to]) => {
    if (!from.test(before)) throw new Error(`deploy/pgbouncer/pgbouncer.ini has nothing like ${from}`);
    return before.replace(from, to);
  }, committed);
  await writeFile(file, text);
  await writeFile(users, `"${username}" "${password}"\n`, { mode: 0o600 });
  await chmod(folder, 0o700);
  return { file, users };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function idOfNobody(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
}
