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
  let omittedSecondFactors = 0;
  const write = (to: (text: string) => Promise<void>) =>
    withDatabase(config, async (context) => {
      omittedSecondFactors = await context.db.totp.count();
      return writeUsers(context, !withoutPasswords, to);
    });
  if (file === undefined) {
    await write(print);
    return;
  }
  const users = await writeFileAtomically(file, force, write);
  const content = withoutPasswords ? '' : ', with their password hashes';
  const omitted = omittedSecondFactors === 0 ? '' : `, without the second factor of ${omittedSecondFactors}`;
  await print(
    `${json ? JSON.stringify({ file, users, omittedSecondFactors }) : `Exported to ${file}: ${users} users${content}${omitted}`}\n`,
  );
}

/** Writes all users. @returns number of users */
async function writeUsers(
  context: ReadingContext,
  withPasswords: boolean,
  write: (text: string) => Promise<void>,
): Promise<number> {
  const progress = startProgressBar(await context.db.user.count());
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
