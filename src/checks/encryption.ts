import { ENCRYPTION_ADVICE, encryptionOf } from '../db/postgres/encryption.ts';
import { type Finding, ok, warning } from './finding.ts';

const CHECK = 'encryption';

/** Checks that the connection to Postgres is encrypted, or does not leave this machine. */
export function checkEncryption(databaseUrl: string): Finding[] {
  const encryption = readEncryption(databaseUrl);
  if (encryption === undefined) return [];
  const { host, state } = encryption;
  if (state === 'plain')
    return [warning(CHECK, `the connection to the database on ${host} is not encrypted`, ENCRYPTION_ADVICE)];
  const found = {
    local: 'the connection to the database does not leave this machine',
    encrypted: 'the connection to the database is encrypted',
    'chosen-plain': `the connection to the database on ${host} is not encrypted, as sslmode=disable says`,
  };
  return [ok(CHECK, found[state])];
}

/** Parameters that cannot work are the finding of the database itself. */
function readEncryption(databaseUrl: string): ReturnType<typeof encryptionOf> {
  try {
    return encryptionOf(databaseUrl);
  } catch {
    return undefined;
  }
}
