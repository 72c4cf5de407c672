import { resolve } from 'node:path';
import {
  invalidateCredentialsAfterRestore,
  type Restoration,
} from '../../accounts/transfer/after-restore.ts';
import { type Config, readConfig } from '../../config/index.ts';
import { restoreDatabase } from '../../db/backup/restore.ts';
import { databaseKind } from '../../db/client.ts';
import { sqlitePath } from '../../db/sqlite/database-file.ts';
import { withExistingAccounts } from '../accounts.ts';
import { print } from '../print.ts';
import { startProgressBar } from '../progress-bar.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface RestoreOptions {
  readonly inPlace?: boolean;
  readonly keepKeys?: boolean;
  readonly json?: boolean;
}

/**
 * Runs `latchkey restore`.
 *
 * @throws {UsageError} on Postgres without --in-place
 * @throws {DataError} when the file is not a backup of this version, or the service runs
 */
export async function restoreFromCommandLine(
  file: string | undefined,
  { inPlace = false, keepKeys = false, json }: RestoreOptions,
): Promise<void> {
  if (inPlace === (file !== undefined))
    throw new UsageError('give either the file of a backup or --in-place');
  const config = readConfig();
  const { kept, ...restoration } =
    file === undefined
      ? { kept: undefined, ...(await endSessionsOf(config, keepKeys)) }
      : await restoreFile(config, resolve(file), keepKeys);
  const { users, sessions, apiKeys, recoveryCodes, mailTokens, mails, keptKeys } = restoration;
  const lines = [
    `Restored: ${users} users. Ended: ${sessions} sessions, ${apiKeys} API keys, ${recoveryCodes} recovery codes, ${mailTokens} mail tokens, ${mails} unsent mails`,
    ...keptKeys.map(
      ({ id, name, owner }) =>
        `Kept: the API key ${id} (${name}) of ${owner}. Was it ended since the backup?`,
    ),
    ...(kept === undefined ? [] : [`The previous database is ${kept}`]),
  ];
  const result = { ...restoration, kept: kept ?? null };
  await print(`${json ? JSON.stringify(result) : lines.join('\n')}\n`);
}

async function restoreFile(config: Config, file: string, keepsKeys: boolean) {
  if (databaseKind(config.databaseUrl) !== 'sqlite')
    throw new UsageError(
      'DATABASE_URL is a Postgres: restore it with pg_restore, and then run latchkey restore --in-place (docs/guides/backup-and-restore.md)',
    );
  const { prepared, kept } = await restoreDatabase(sqlitePath(config.databaseUrl), file, (databaseUrl) =>
    // The copy is not in use yet, so a backup of an earlier version is migrated also with MIGRATIONS=manual.
    endSessionsOf({ ...config, databaseUrl, migrations: 'automatic' }, keepsKeys),
  );
  return { ...prepared, kept };
}

/** A key that was kept. */
interface KeptKey {
  readonly id: string;
  readonly name: string;
  /** The address of a person, or the name of a service account. */
  readonly owner: string;
}

function endSessionsOf(
  config: Config,
  keepsKeys: boolean,
): Promise<Restoration & { readonly keptKeys: readonly KeptKey[] }> {
  return withExistingAccounts(config, async (context) => {
    const progress = startProgressBar(await context.db.user.count());
    try {
      const restoration = await invalidateCredentialsAfterRestore(
        context,
        (users) => progress.update(users, 'Ending sessions'),
        { keepsKeys },
      );
      const keys = await context.db.apiKey.findMany({ orderBy: { id: 'asc' }, include: { user: true } });
      const keptKeys = keys.map(({ id, name, user }) => ({ id, name, owner: ownerOf(user) }));
      return { ...restoration, keptKeys };
    } finally {
      progress.stop();
    }
  });
}

function ownerOf({
  kind,
  name,
  email,
}: {
  readonly kind: string;
  readonly name: string;
  readonly email: string;
}) {
  return kind === 'service' ? `the service account ${name}` : email;
}
