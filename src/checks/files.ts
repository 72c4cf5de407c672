import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Config, configurationRoot } from '../config/index.ts';
import { secretFile } from '../crypto/load-secret.ts';
import { databaseKind } from '../db/client.ts';
import { sqlitePath } from '../db/sqlite/database-file.ts';
import { signingKeyFile } from '../tokens/keys.ts';
import { type Finding, ok, problem } from './finding.ts';

/** Permission bits of the group and of others. */
const NON_OWNER_MODE = 0o077;

/** Checks that only the owner can access the files with secrets and personal data. */
export async function checkFiles(config: Config): Promise<Finding[]> {
  // Windows has no such bits: Node.js invents them there.
  if (process.platform === 'win32') return [ok('files', 'permissions are not checked on Windows')];
  const findings = await Promise.all(privatePaths(config).map(checkPath));
  const wrong = findings.filter((finding) => finding !== undefined);
  return wrong.length > 0 ? wrong : [ok('files', 'only their owner can access them')];
}

function privatePaths({ dataDir, databaseUrl, jwtPrivateKey, secret }: Config): string[] {
  const isPath = jwtPrivateKey !== undefined && !jwtPrivateKey.includes('-----BEGIN');
  const paths = [dataDir, resolve(dataDir, 'outbox'), resolve(dataDir, 'first-admin')];
  if (secret === undefined) paths.push(secretFile(dataDir));
  if (jwtPrivateKey === undefined) paths.push(signingKeyFile(dataDir));
  if (isPath) paths.push(resolve(configurationRoot, jwtPrivateKey));
  if (databaseKind(databaseUrl) === 'sqlite') {
    const path = sqlitePath(databaseUrl);
    paths.push(path, `${path}-wal`, `${path}-shm`);
  }
  return paths;
}

/**
 * Checks one file or folder.
 *
 * @returns undefined when it is fine, or missing: it is then created with the right mode
 */
async function checkPath(path: string): Promise<Finding | undefined> {
  try {
    const entry = await stat(path);
    const mode = entry.mode & 0o777;
    if ((mode & NON_OWNER_MODE) === 0) return undefined;
    const octal = mode.toString(8).padStart(4, '0');
    const advice = `chmod ${entry.isDirectory() ? '700' : '600'} ${path}`;
    return problem('files', `other users can access ${path} (mode ${octal})`, advice);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT') return undefined;
    const advice = 'allow the user that runs the service to read it, or configure another path';
    return problem('files', `${path} cannot be read (${code})`, advice);
  }
}
