import type { RequestContext } from '../../audit/event.ts';
import type { RelyingPartyRules } from '../../config/index.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import type { Ceremony } from '../../tokens/passkey-challenges.ts';
import type { Method } from '../authenticators/methods.ts';
import type { Change } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { useChallenge } from './client-data.ts';
import type { PasskeyAssertion } from './credential.schemas.ts';
import { loadWebAuthn } from './library.ts';
import { userHandleOf } from './options.ts';
import { requirePasskeys } from './relying-party.ts';

const columns = ['id', 'credentialId', 'userId', 'publicKey', 'backupEligible'] as const;
type PasskeyRow = Pick<ColumnsOf<'Passkey'>, (typeof columns)[number]>;
type SigningKey = Pick<PasskeyRow, 'credentialId' | 'publicKey'>;

/** A passkey whose signature was verified. Note its use in the transaction of the change. */
export interface VerifiedPasskey {
  readonly id: string;
  readonly userId: string;
  /** The counter that the authenticator has signed. */
  readonly counter: number;
  /** The methods that it proves (RFC 8176). */
  readonly amr: readonly Method[];
}

/** Conditions of an assertion. */
export interface AssertionRules {
  readonly ceremony: Ceremony;
  /** The user whose passkey it must be. Undefined: the passkey says which, and has verified its user. */
  readonly ownedBy?: string;
}

/**
 * Verifies a passkey's answer. Its challenge is used up. The counter is compared afterwards, by
 * {@link notePasskeyUse}: only a valid signature may write to the audit log.
 *
 * @returns undefined when it is not accepted
 * @throws {Problem} `passkeys-not-available`
 */
export async function verifyAssertion(
  context: AccountsContext,
  assertion: PasskeyAssertion,
  { ceremony, ownedBy }: AssertionRules,
): Promise<VerifiedPasskey | undefined> {
  const rules = requirePasskeys(context);
  const { clientDataJSON, userHandle } = assertion.response;
  const challenge = await useChallenge(context, rules, clientDataJSON, { type: 'webauthn.get', ceremony });
  if (challenge === undefined) return undefined;
  const row = await selectRow(context.db, 'Passkey', columns, { credentialId: assertion.id });
  if (row === undefined || (ownedBy !== undefined && row.userId !== ownedBy)) return undefined;
  // A passkey that is found by the browser always says whose it is; one that was asked for may not.
  if (userHandle !== userHandleOf(row.userId) && (ownedBy === undefined || userHandle)) return undefined;
  const info = await verifySignature(rules, assertion, row, ownedBy === undefined);
  if (info === undefined) return undefined;
  const possession = row.backupEligible ? 'swk' : 'pop';
  const amr: Method[] = info.userVerified ? [possession, 'user'] : [possession];
  return { id: row.id, userId: row.userId, counter: info.newCounter, amr };
}

/**
 * Verifies the answer of a passkey that is no account's yet. It must be that very passkey, for the account
 * that it is bound to, and verify its user. Its challenge is used up.
 *
 * @returns the counter that the authenticator has signed; undefined when it is not accepted
 * @throws {Problem} `passkeys-not-available`
 */
export async function verifyPendingAssertion(
  context: AccountsContext,
  assertion: PasskeyAssertion,
  ceremony: Ceremony,
  pending: SigningKey & Pick<PasskeyRow, 'userId'> & { readonly counter: number },
): Promise<number | undefined> {
  const rules = requirePasskeys(context);
  const { clientDataJSON, userHandle } = assertion.response;
  const challenge = await useChallenge(context, rules, clientDataJSON, { type: 'webauthn.get', ceremony });
  if (challenge === undefined || assertion.id !== pending.credentialId) return undefined;
  if (userHandle !== userHandleOf(pending.userId)) return undefined;
  const counter = (await verifySignature(rules, assertion, pending, true))?.newCounter;
  return counter === undefined || hasFallen(counter, pending.counter) ? undefined : counter;
}

/** @returns undefined when the library refuses it, or cannot read it */
async function verifySignature(
  { rpId, origins }: RelyingPartyRules,
  { id, rawId, type, response }: PasskeyAssertion,
  { credentialId, publicKey }: SigningKey,
  requireUserVerification: boolean,
) {
  const { verifyAuthenticationResponse } = await loadWebAuthn();
  const { userHandle: _, ...signed } = response;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { id, rawId, type, response: signed, clientExtensionResults: {} },
      // It was checked with the client data.
      expectedChallenge: () => true,
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      // The library compares counters before it verifies the signature.
      credential: { id: credentialId, publicKey: Buffer.from(publicKey, 'base64url'), counter: 0 },
      requireUserVerification,
    });
    return verified ? authenticationInfo : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stores the use of a passkey. Its counter only rises (WebAuthn Level 3 section 6.1.1): one that has fallen
 * says that there may be a copy of the authenticator, and the use is recorded and refused.
 *
 * @returns false when the counter has fallen, or the passkey was removed meanwhile. Commit the change all the
 *   same, and refuse the request
 */
export async function notePasskeyUse(
  { context, tx, record }: Change,
  { id, userId, counter }: VerifiedPasskey,
  requestContext: RequestContext,
): Promise<boolean> {
  const found = await selectRow(tx, 'Passkey', ['counter'], { id });
  if (found === undefined) return false;
  if (hasFallen(counter, found.counter)) {
    const before = { counter: found.counter };
    const after = { counter };
    record({
      action: 'passkey.counter-fell',
      actorId: null,
      targetId: userId,
      before,
      after,
      requestContext,
    });
    return false;
  }
  await tx.passkey.update({ where: { id }, data: { counter, lastUsedAt: await context.now(tx) } });
  return true;
}

/** Authenticators that do not count always send 0. */
function hasFallen(counter: number, before: number): boolean {
  return counter <= before && (counter > 0 || before > 0);
}
