import { endApiKey } from '../../accounts/api-keys/end.ts';
import { operator } from '../../accounts/context.ts';
import { readConfig } from '../../config/index.ts';
import { Problem } from '../../problems/problem.ts';
import { withExistingAccounts } from '../accounts.ts';
import { print } from '../print.ts';

/** Options on the command line. */
export interface KeyRevokeOptions {
  readonly json?: boolean;
}

/**
 * Runs `latchkey key revoke`. It takes no key, only its id: what is written on a command line is seen by
 * others.
 *
 * @throws {Problem} `api-key-not-found`
 */
export async function revokeKeyFromCommandLine(text: string, { json }: KeyRevokeOptions): Promise<void> {
  const id = text.toLowerCase();
  await withExistingAccounts(readConfig(), async (context) => {
    const key = await context.db.apiKey.findUnique({ where: { id }, select: { userId: true } });
    if (key === null) throw new Problem('api-key-not-found', { detail: 'There is no API key with this id.' });
    await endApiKey(context, operator, { id: key.userId }, id);
  });
  await print(`${json ? JSON.stringify({ id }) : `Ended the API key ${id}`}\n`);
}
