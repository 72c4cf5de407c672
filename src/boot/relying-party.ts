import type { AccountsContext } from '../accounts/context.ts';
import { RELYING_PARTY_ID, readBoundPasskeys } from '../accounts/passkeys/bound.ts';
import { ConfigError } from '../config/index.ts';
import { type Recording, toEvent } from './recording.ts';

/**
 * Compares RP_ID with the one that the passkeys in the database are bound to, then records it. A service
 * without passkeys neither compares nor records: one that has them again is compared with what was there.
 *
 * @returns the reason why there are no passkeys; undefined where there are
 * @throws {ConfigError} when it is another one, and there are passkeys
 */
export async function recordRelyingParty({
  db,
  recorder,
  passkeys: rules,
  signInMethods,
}: Recording & Pick<AccountsContext, 'passkeys' | 'signInMethods'>): Promise<string | undefined> {
  if (!signInMethods.has('passkey')) return 'SIGN_IN_METHODS leaves them out';
  if (!rules.isOn) return rules.reason;
  const { rpId, acceptsChange } = rules;
  await db.transaction(async (tx) => {
    const bound = await readBoundPasskeys(tx, signInMethods);
    const { rpId: before, passkeys, alone } = bound;
    if (before === rpId) return;
    if (before !== undefined && passkeys > 0 && !acceptsChange)
      throw new ConfigError(
        `RP_ID is ${rpId}, and the passkeys in the database (${passkeys}) are bound to ${before}: none of them would work any more. ` +
          `Accounts that nothing else signs in to: ${alone}. Set RP_ID=${before}, or RP_ID_CHANGE=accept to start all the same.`,
      );
    const row = { rpId, recordedAt: new Date() };
    const where = { id: RELYING_PARTY_ID };
    await tx.relyingParty.upsert({ where, create: { ...where, ...row }, update: row });
    if (before === undefined) return;
    const members = { before: { rpId: before }, after: { rpId } };
    await recorder.record(tx, [toEvent('relying-party.changed', null, members)]);
  });
  return undefined;
}
