/** Helpers that kill a command in the middle of its work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { bin, childEnvironment, type Variables } from '../child.ts';

/** Fills a SQLite database, so that a copy takes a while. */
export function fill(url: string): void {
  const database = new Sqlite(sqlitePath(url));
  database.exec('CREATE TABLE large (content)');
  for (let i = 0; i < 100; i++) database.exec('INSERT INTO large VALUES (randomblob(1000000))');
  database.close();
}

/**
 * Starts a command, and kills it when a condition is met.
 *
 * @param isFar resolves at the moment to kill it
 */
export async function killWhen(
  args: readonly string[],
  variables: Variables,
  isFar: () => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: childEnvironment(variables),
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  try {
    await isFar();
  } finally {
    child.kill('SIGKILL');
  }
  const [, signal] = await ended;
  if (signal !== 'SIGKILL') throw new Error('It was done before it could be killed');
}

/**
 * Starts a command and kills it as soon as something appears or changes in a folder.
 *
 * @param isIt tells whether a file is the expected one; `pid` is that of the command
 */
export async function kill(
  args: readonly string[],
  variables: Variables,
  folder: string,
  isIt: (name: string, pid: number) => boolean,
): Promise<void> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: childEnvironment(variables),
    stdio: 'ignore',
  });
  const watcher = watch(folder, (_event, name) => {
    if (name !== null && isIt(name, child.pid ?? 0)) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'exit');
  watcher.close();
  if (signal !== 'SIGKILL') throw new Error('It was done before it could be killed');
}
