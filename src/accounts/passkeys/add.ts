import { invalidToken, refusedCode } from '../../access/challenges.ts';
import type { Transaction } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import { Problem } from '../../problems/problem.ts';
import { type Added, addingColumns, completeAddition } from '../authenticators/added.ts';
import { missingMailCode, needsMailCode } from '../authenticators/mail-code.ts';
import type { Method } from '../authenticators/methods.ts';
import { requireAllFactors } from '../authenticators/require-factors.ts';
import { hasWayWithoutPasskey } from '../authenticators/ways-in.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { unlockSecondFactor } from '../sign-in/code-attempt.ts';
import { type NewPasskey, verifyAttestation } from './attestation.ts';
import type { PasskeyAttestation } from './credential.schemas.ts';
import { insertPasskey, translatePasskeyConflict } from './insert.ts';
import { MAX_PASSKEYS } from './own-options.ts';
import { toPasskey } from './own-passkeys.ts';
import type { Passkey } from './schemas.ts';

/** A new passkey, as a request has it. */
export interface PasskeyAddition {
  readonly passkey: PasskeyAttestation;
  readonly name?: string;
  /** The code that was mailed, where one was. */
  readonly mailCode?: string;
}

/** A passkey that was added, and what it has changed. */
export interface AddedPasskey extends Added {
  readonly passkey: Passkey;
}

/**
 * Adds a passkey to the account of the actor, whose session has then proven two factors. Its challenge is
 * used up, also when it is refused: with a mailed code there is one try. A passkey that has not verified its
 * user is a second factor only, so an account that nothing else signs in to gets none.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `passkey-invalid`; `passkey-exists`; `too-many-passkeys`; `passkeys-not-available`;
 *   `wrong-code` for the mailed code; `validation-failed` without one that is asked for;
 *   `two-factors-required` when the account has a second factor and the session has one factor;
 *   `invalid-token`
 */
export async function addPasskey(
  context: AccountsContext,
  actor: SessionActor,
  { passkey, name, mailCode }: PasskeyAddition,
  maxAge: number,
): Promise<AddedPasskey> {
  const { db, mailCodes } = context;
  const { userId, sessionId } = actor;
  const columns = [...addingColumns, 'passwordHash'] as const;
  const user = await selectRow(db, 'User', columns, { id: userId });
  if (user === undefined) throw invalidToken();
  // Before the challenge is used: a code that was forgotten is no try.
  if (mailCode === undefined && needsMailCode(context, user, await context.now(db))) throw missingMailCode();
  const requiresUser = !hasWayWithoutPasskey(context, user);
  const verified = await verifyAttestation(
    context,
    passkey,
    { name: 'registration', id: sessionId },
    { requiresUser },
  );
  const isMailed = mailCode !== undefined && mailCodes.isCodeOf(verified.challenge, mailCode);
  const added = await translatePasskeyConflict(() =>
    makeChange(context, async (unchecked) => {
      const change = await recheckActor(unchecked, actor);
      await requireAllFactors(change, maxAge);
      return insert(change, actor, { verified, name, isMailed });
    }),
  );
  // Wrong codes of an app that was removed say nothing about this account any more.
  if (added.isFirst) await unlockSecondFactor(context, userId);
  return added;
}

interface VerifiedAddition {
  readonly verified: NewPasskey;
  readonly name: string | undefined;
  readonly isMailed: boolean;
}

async function insert(
  change: ActorChange,
  actor: SessionActor,
  { verified, name, isMailed }: VerifiedAddition,
): Promise<AddedPasskey> {
  const { context, tx } = change;
  const { userId } = actor;
  const user = await selectRow(tx, 'User', addingColumns, { id: userId });
  if (user === undefined) throw invalidToken();
  const time = await context.now(tx);
  if (needsMailCode(context, user, time) && !isMailed) throw refusedCode('wrong-code');
  const { transports, backupEligible, userVerified } = verified;
  if ((await tx.passkey.count({ where: { userId } })) >= MAX_PASSKEYS) throw new Problem('too-many-passkeys');
  const row = await insertPasskey(tx, verified, {
    userId,
    name: name ?? (await defaultName(tx, userId, transports)),
    createdAt: time,
  });
  const possession: Method = backupEligible ? 'swk' : 'pop';
  const added = await completeAddition(change, actor, {
    user,
    after: { authenticator: 'passkey', passkeyId: row.id },
    personal: { after: { name: row.name } },
    template: 'passkey-added',
    amr: userVerified ? [possession, 'user'] : [possession],
    time,
  });
  return { ...added, passkey: toPasskey(row) };
}

/** Returns "Passkey", or "Security key" for one that is plugged in, with a number where that is taken. */
async function defaultName(tx: Transaction, userId: string, transports: string): Promise<string> {
  const ways = transports.split(' ');
  const isKey = ['usb', 'nfc', 'ble'].some((way) => ways.includes(way)) && !ways.includes('hybrid');
  const kind = isKey && !ways.includes('internal') ? 'Security key' : 'Passkey';
  const rows = await tx.passkey.findMany({ where: { userId }, select: { name: true } });
  const taken = new Set(rows.map((row) => row.name));
  for (let n = 1; ; n++) {
    const name = n === 1 ? kind : `${kind} ${n}`;
    if (!taken.has(name)) return name;
  }
}
