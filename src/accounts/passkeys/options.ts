import { Problem } from '../../problems/problem.ts';
import { type Ceremony, PASSKEY_CHALLENGE_LIFETIME_MS } from '../../tokens/passkey-challenges.ts';
import type { AccountsContext } from '../context.ts';
import { ALGORITHMS } from './library.ts';
import { requirePasskeys } from './relying-party.ts';
import type { PasskeyCreationOptions, PasskeyRequestOptions } from './schemas.ts';

/** A user as an authenticator shows them. */
export interface PasskeyUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
}

/** A user whose new passkey is asked for. */
export interface NewPasskeyUser extends Omit<PasskeyUser, 'id'> {
  /** Undefined for an account to be: its id is that of the challenge. */
  readonly id?: string;
  /** True when nothing but passkeys signs in to the account. */
  readonly hasNothingElse?: boolean;
}

/**
 * Makes the options of an assertion. Nothing is written.
 *
 * @param ownedBy the user whose passkeys may answer. Without it the browser lists those that it finds, and
 *   the user has to be verified
 * @throws {Problem} `passkeys-not-available`; `passkey-not-found` when that user has none
 */
export async function requestOptions(
  context: AccountsContext,
  ceremony: Ceremony,
  ownedBy?: string,
): Promise<PasskeyRequestOptions> {
  const { rpId } = requirePasskeys(context);
  const { db, now, passkeyChallenges } = context;
  const { challenge } = passkeyChallenges.write(ceremony, await now(db));
  const options = { challenge, timeout: PASSKEY_CHALLENGE_LIFETIME_MS, rpId } as const;
  if (ownedBy === undefined) return { ...options, userVerification: 'required' };
  const allowCredentials = await listDescriptors(context, ownedBy);
  // An empty list would ask for any passkey.
  if (allowCredentials.length === 0) throw new Problem('passkey-not-found');
  return { ...options, userVerification: 'preferred', allowCredentials };
}

/**
 * Makes the options of a new passkey. Nothing is written.
 *
 * @throws {Problem} `passkeys-not-available`
 */
export async function creationOptions(
  context: AccountsContext,
  ceremony: Ceremony,
  user: NewPasskeyUser,
): Promise<PasskeyCreationOptions> {
  const { rpId } = requirePasskeys(context);
  const { db, now, passkeyChallenges } = context;
  const { id, challenge } = passkeyChallenges.write(ceremony, await now(db));
  // A passkey that has to sign in alone has to find the account by itself, and to verify its user.
  const isOnly = user.id === undefined || user.hasNothingElse === true;
  return {
    challenge,
    timeout: PASSKEY_CHALLENGE_LIFETIME_MS,
    rp: { id: rpId, name: rpId },
    user: { id: userHandleOf(user.id ?? id), name: user.email, displayName: user.name },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    authenticatorSelection: {
      residentKey: isOnly ? 'required' : 'preferred',
      requireResidentKey: isOnly,
      userVerification: isOnly ? 'required' : 'preferred',
    },
    attestation: 'none',
    excludeCredentials: user.id === undefined ? [] : await listDescriptors(context, user.id),
  };
}

/** The user handle of an account: its id, as UTF-8 in base64url. */
export function userHandleOf(userId: string): string {
  return Buffer.from(userId).toString('base64url');
}

async function listDescriptors({ db }: Pick<AccountsContext, 'db'>, userId: string) {
  const passkeys = await db.passkey.findMany({
    where: { userId },
    orderBy: { id: 'asc' },
    select: { credentialId: true, transports: true },
  });
  return passkeys.map(({ credentialId, transports }) => ({
    type: 'public-key' as const,
    id: credentialId,
    ...(transports !== '' && { transports: transports.split(' ') }),
  }));
}
