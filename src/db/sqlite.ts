import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3';
import type {
  SqlDriverAdapterFactory,
  SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { withChanges } from './adapter.ts';
import { DataError } from './data-error.ts';
import { codeOf } from './error-code.ts';
import { shareDatabase } from './hold.ts';
import { keepStatements } from './kept-statements.ts';

/** Milliseconds that SQLite blocks the thread for another process; `serialized.ts` waits on, without blocking. */
const BUSY_TIMEOUT = 20;

/** Milliseconds that opening may block: the switch to WAL, and recovery after a crash, need the file to themselves. */
const OPENING_TIMEOUT = 5_000;

/**
 * WAL: readers and the writer do not stop each other.
 * FULL: a commit is on the disk before it is acknowledged. NORMAL would be faster in WAL mode, but a power cut could
 * take back the last commits: a demotion or a sign-out that somebody was told had happened.
 * https://www.sqlite.org/pragma.html#pragma_synchronous
 */
const pragmas = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON
`;

/** The path in a `file:` URL. */
export function sqlitePath(url: string): string {
  return url.replace(/^file:/, '');
}

/** @throws {DataError} when there is no database at a path */
export function requireDatabase(path: string): void {
  if (!existsSync(path)) throw new DataError(`${path} is not there: nothing has been kept yet`);
}

/**
 * Driver adapters for the SQLite database of a `file:` URL, which is made when there is none.
 *
 * @param busyTimeout milliseconds that a statement blocks the thread while another process writes
 */
export function sqliteFactory(
  url: string,
  busyTimeout = BUSY_TIMEOUT,
): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaBetterSqlite3({ url, timeout: OPENING_TIMEOUT });
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    connect: async () => {
      const release = shareDatabase(sqlitePath(url));
      try {
        makePrivateFile(sqlitePath(url));
        const adapter = await factory.connect();
        keepStatements(adapter);
        try {
          await adapter.executeScript(`${pragmas}; PRAGMA busy_timeout = ${busyTimeout}`);
        } catch (error) {
          await adapter.dispose();
          throw error;
        }
        const dispose = async () => {
          await adapter.dispose();
          release();
        };
        return withChanges(adapter, { dispose });
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

/**
 * How better-sqlite3 opens a database that is only looked at. A read-only connection would leave -wal and -shm files behind where
 * there are none, and one that may write would empty a -wal that a crash has left: each is right where the other is not.
 */
export function readerOptions(path: string) {
  return { fileMustExist: true, readonly: existsSync(`${path}-wal`), timeout: OPENING_TIMEOUT };
}

/** Driver adapters for looking at the SQLite database of a `file:` URL. The file, and its mode, stay as they are. */
export function sqliteReader(url: string): SqlDriverAdapterFactory {
  const { provider, adapterName } = new PrismaBetterSqlite3({ url });
  return {
    provider,
    adapterName,
    connect: async () => {
      const adapter = await new PrismaBetterSqlite3({ url, ...readerOptions(sqlitePath(url)) }).connect();
      await adapter.executeScript('PRAGMA query_only = ON');
      return adapter;
    },
  };
}

/**
 * Makes the file with mode 0600 (its folder 0700), or takes other people's rights to it away.
 * SQLite gives its -wal and -shm files the mode of the database.
 */
export function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    // Somebody else's file that we may write to, a mounted volume's for instance: its mode is not ours to choose.
    if (codeOf(error) !== 'EPERM') throw error;
  }
}
