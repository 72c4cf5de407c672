import { type Static, Type } from 'typebox';
import { compile } from '../../lib/compile-schema.ts';
import { replaceRecoveryCodes } from '../authenticators/recovery-codes.ts';
import type { Change } from '../change.ts';
import type { NewUser } from '../users/new-user.schemas.ts';
import { type Creation, insertUser, translateEmailConflict, type UserRowInput } from '../users/users.ts';
import type { NewPasskey } from './attestation.ts';
import { insertPasskey, translatePasskeyConflict } from './insert.ts';

/** The name of a passkey that an account is made with. Its owner can give it another one. */
const NAME = 'Passkey';

const AccountPasskey = Type.Object({
  credentialId: Type.String(),
  publicKey: Type.String(),
  counter: Type.Number(),
  transports: Type.String(),
  backupEligible: Type.Boolean(),
});
const isAccountPasskey = compile(AccountPasskey);

/** A passkey of an account to be, as its columns. */
export type AccountPasskey = Readonly<Static<typeof AccountPasskey>>;

/** Writes a passkey as the row of a registration keeps it. */
export function passkeyToJson({
  credentialId,
  publicKey,
  counter,
  transports,
  backupEligible,
}: NewPasskey): string {
  return JSON.stringify({ credentialId, publicKey, counter, transports, backupEligible });
}

/** Reads what {@link passkeyToJson} has written. */
export function passkeyFromJson(json: string): AccountPasskey {
  const passkey: unknown = JSON.parse(json);
  if (!isAccountPasskey(passkey)) throw new Error('A registration whose passkey cannot be read');
  return passkey;
}

/**
 * Inserts an account that has a passkey in place of a password. The passkey is both factors, so the account
 * has a second factor from the beginning, and ten recovery codes.
 *
 * @param row whose password hash is unusable. Its id is the one that the passkey is bound to
 * @returns the user, and the recovery codes, which are shown once
 */
export async function insertPasskeyUser(
  change: Change,
  row: UserRowInput,
  passkey: AccountPasskey,
  creation: Creation,
): Promise<NewUser> {
  const { context, tx, record } = change;
  const user = await insertUser(change, { ...row, secondFactor: true }, creation);
  const userId = user.id;
  const createdAt = await context.now(tx);
  const { id: passkeyId } = await insertPasskey(tx, passkey, { userId, name: NAME, createdAt });
  const recoveryCodes = await replaceRecoveryCodes(tx, userId, createdAt);
  record({
    action: 'authenticator.added',
    actorId: userId,
    targetId: userId,
    after: { authenticator: 'passkey', passkeyId, recoveryCodes: recoveryCodes.length },
    personal: { after: { name: NAME } },
    requestContext: creation.requestContext,
  });
  return { ...user, recoveryCodes };
}

/**
 * Translates the unique violations of a new account into problems.
 *
 * @throws {Problem} `email-taken`; `passkey-exists`
 */
export function translateAccountConflicts<T>(work: () => Promise<T>): Promise<T> {
  return translatePasskeyConflict(() => translateEmailConflict(work));
}
