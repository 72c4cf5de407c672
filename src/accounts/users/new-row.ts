import { newId } from '../../lib/id.ts';
import { normalizeName, requireEmail } from '../normalize.ts';
import { hashPassword } from '../passwords/hash.ts';
import { emailKey, nameKey } from './sort-keys.ts';

/** The row of a new user. */
export type UserRowInput = ReturnType<typeof buildUserRow>;

/** Builds the row of a new user. It hashes the password, so never call it in a transaction. */
export async function hashAndBuildUser(input: {
  name: string;
  email: string;
  password: string;
  access: number;
}): Promise<UserRowInput> {
  return buildUserRow({ ...input, passwordHash: await hashPassword(input.password) });
}

/**
 * Builds the row of a new user whose password was hashed before.
 *
 * @param from id and creation time of a user of another installation, or the id in another system
 */
export function buildUserRow(
  input: { name: string; email: string; passwordHash: string; access: number },
  from: {
    readonly id?: string | undefined;
    readonly externalId?: string | null;
    readonly createdAt?: Date;
  } = {},
) {
  const email = requireEmail(input.email);
  const { createdAt = new Date(), externalId = null } = from;
  const { id = newId(createdAt) } = from;
  const name = normalizeName(input.name);
  return {
    id,
    name,
    nameKey: nameKey(name, id),
    email,
    emailKey: emailKey(email),
    passwordHash: input.passwordHash,
    access: input.access,
    permanentAccess: input.access,
    accessUntil: null,
    disabled: false,
    secondFactor: false,
    externalId,
    kind: 'person',
    generation: 0,
    epoch: 0,
    createdAt,
    updatedAt: createdAt,
  };
}
