import { constants, existsSync, statSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/index.ts';
import { databaseKind } from '../db/client.ts';
import { MIN_FREE_BYTES, readFreeBytes } from '../db/disk.ts';
import { sqlitePath } from '../db/sqlite/database-file.ts';
import { codeOf } from '../lib/error-code.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Free bytes below which the disk of a database is about to be full: a backup needs room, too. */
const LOW_BYTES = 200_000_000;

const MEGABYTE_BYTES = 1_000_000;

/** Folder of the configuration, and the files in it that a start writes to. */
interface Place {
  readonly variable: 'DATA_DIR' | 'DATABASE_URL';
  readonly folder: string;
  readonly files: readonly string[];
}

/** Checks that a start can make the folders, and write to the files in them. Makes none. */
export async function checkFolders(config: Config): Promise<Finding[]> {
  const findings = await Promise.all(placesOf(config).map(checkPlace));
  const wrong = findings.filter((finding) => finding !== undefined);
  return wrong.length > 0 ? wrong : [ok('folders', 'the service can write to them')];
}

/** Checks that the disk of a SQLite database has room. */
export async function checkDisk({ databaseUrl }: Config): Promise<Finding[]> {
  if (databaseKind(databaseUrl) !== 'sqlite') return [];
  const path = sqlitePath(databaseUrl);
  const free = await readFreeBytes(nearest(dirname(path)));
  if (free === undefined) return [];
  const size = `${Math.floor(free / MEGABYTE_BYTES)} MB free`;
  const advice = 'make room on it, or move the database to a larger one';
  if (free < MIN_FREE_BYTES)
    return [problem('disk', `${path} is on a disk that is full (${free} bytes free)`, advice)];
  if (free < LOW_BYTES)
    return [warning('disk', `${path} is on a disk that is almost full (${size})`, advice)];
  return [ok('disk', size)];
}

function placesOf({ dataDir, databaseUrl, secret, jwtPrivateKey }: Config): readonly Place[] {
  const places: Place[] = [];
  // Without these files, nothing that is needed is written there.
  if (secret === undefined || jwtPrivateKey === undefined)
    places.push({ variable: 'DATA_DIR', folder: dataDir, files: [] });
  if (databaseKind(databaseUrl) !== 'sqlite') return places;
  const path = sqlitePath(databaseUrl);
  const files = [path, `${path}-wal`, `${path}-shm`, `${path}.lock`];
  return [...places, { variable: 'DATABASE_URL', folder: dirname(path), files }];
}

/** @returns undefined when a start can use it */
async function checkPlace({ variable, folder, files }: Place): Promise<Finding | undefined> {
  const existing = nearest(folder);
  const advice = `give it to the user that runs the service, or set ${variable} to another place`;
  if (!statSync(existing).isDirectory()) {
    const found = `${folder} cannot be made: ${existing} is a file`;
    return problem('folders', found, `remove that file, or set ${variable} to another place`);
  }
  for (const path of [existing, ...files.filter((file) => existsSync(file))]) {
    const code = await refusalOf(path);
    if (code === undefined) continue;
    const consequence =
      existing === folder ? 'cannot be written to' : `cannot be written to, and ${folder} not made`;
    return problem('folders', `${path} ${consequence} (${code})`, advice);
  }
  return undefined;
}

/** @returns the error code when this user may not read and write it */
async function refusalOf(path: string): Promise<string | undefined> {
  const { R_OK, W_OK, X_OK } = constants;
  try {
    await access(path, R_OK | W_OK | (statSync(path).isDirectory() ? X_OK : 0));
    return undefined;
  } catch (error) {
    return codeOf(error) ?? 'unknown error';
  }
}

/** Returns the path itself when it exists, else the nearest folder above it that does. */
function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}
