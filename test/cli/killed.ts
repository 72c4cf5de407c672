/** Commands that are killed in the middle of their work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { bin, childEnvironment, type Variables } from '../child.ts';

/** Makes a SQLite database so large that it takes a while to copy. */
export function fill(url: string): void {
  const database = new Sqlite(sqlitePath(url));
  database.exec('CREATE TABLE large (content)');
  for (let i = 0; i < 100; i++) database.exec('INSERT INTO large VALUES (randomblob(1000000))');
  database.close();
}

/**
 * Starts a command, and kills it when it has come far enough.
 *
 * @param isFar ends at that moment
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
 * @param isIt whether it is that; `pid` is the command's
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
