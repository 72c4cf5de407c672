import { exportUsers } from '../../accounts/transfer/export.ts';
import { readConfig } from '../../config/index.ts';
import { type ReadingContext, withDatabase } from '../accounts.ts';
import { print } from '../print.ts';
import { startProgressBar } from '../progress-bar.ts';
import { writeFileAtomically } from '../temp-file.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface ExportOptions {
  readonly withoutPasswords?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/**
 * Runs `latchkey export`.
 *
 * @throws {UsageError} for an option that needs a file, without a file
 * @throws {DataError} when the file exists
 */
export async function exportFromCommandLine(
  name: string | undefined,
  { json = false, force = false, withoutPasswords = false }: ExportOptions,
): Promise<void> {
  const file = name === '-' ? undefined : name;
  if (file === undefined && (json || force))
    throw new UsageError(`${json ? '--json' : '--force'} needs a file`);
  const config = readConfig();
  const omitted = {
    omittedSecondFactors: 0,
    omittedPasskeys: 0,
    omittedServiceAccounts: 0,
    omittedApiKeys: 0,
  };
  const write = (to: (text: string) => Promise<void>) =>
    withDatabase(config, async (context) => {
      omitted.omittedSecondFactors = await context.db.user.count({ where: { secondFactor: true } });
      omitted.omittedPasskeys = await context.db.passkey.count();
      omitted.omittedServiceAccounts = await context.db.user.count({ where: { kind: 'service' } });
      omitted.omittedApiKeys = await context.db.apiKey.count();
      return writeUsers(context, !withoutPasswords, to);
    });
  if (file === undefined) {
    await write(print);
    return;
  }
  const users = await writeFileAtomically(file, force, write);
  const content = withoutPasswords ? '' : ', with their password hashes';
  const text = `Exported to ${file}: ${users} users${content}${describeOmitted(omitted)}`;
  await print(`${json ? JSON.stringify({ file, users, ...omitted }) : text}\n`);
}

/** The numbers of what an export leaves out. */
interface Omitted {
  readonly omittedSecondFactors: number;
  readonly omittedPasskeys: number;
  readonly omittedServiceAccounts: number;
  readonly omittedApiKeys: number;
}

/** Says what the file does not have. */
function describeOmitted(omitted: Omitted): string {
  const left = [
    ...(omitted.omittedSecondFactors === 0 ? [] : [`the second factor of ${omitted.omittedSecondFactors}`]),
    ...(omitted.omittedPasskeys === 0 ? [] : [`${omitted.omittedPasskeys} passkeys`]),
    ...(omitted.omittedServiceAccounts === 0 ? [] : [`${omitted.omittedServiceAccounts} service accounts`]),
    ...(omitted.omittedApiKeys === 0 ? [] : [`${omitted.omittedApiKeys} API keys`]),
  ];
  return left.length === 0 ? '' : `, without ${left.join(', ')}`;
}

/** Writes all users. @returns number of users */
async function writeUsers(
  context: ReadingContext,
  withPasswords: boolean,
  write: (text: string) => Promise<void>,
): Promise<number> {
  const progress = startProgressBar(await context.db.user.count({ where: { kind: 'person' } }));
  let users = 0;
  try {
    for await (const records of exportUsers(context, withPasswords)) {
      await write(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      users += records.length;
      progress.update(users, 'Exporting');
    }
  } finally {
    progress.stop();
  }
  return users;
}
