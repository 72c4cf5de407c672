import { invalidToken } from '../access/challenges.ts';
import type { AccessLevels } from '../access/levels.ts';
import { isUniqueViolation } from '../db/errors.ts';
import { transaction } from '../db/transaction.ts';
import { Problem } from '../problems/problem.ts';
import { change, requireCurrent } from './change.ts';
import type { AccountsContext, Actor } from './context.ts';
import { normalizeEmail } from './email.ts';
import { hashPassword } from './passwords.ts';
import { raiseEpoch } from './session-endings.ts';
import type { User } from './user.schemas.ts';

/** The largest that its column holds: a deleted user's tokens are all revoked. */
const BEYOND_ALL_GENERATIONS = 2 ** 31 - 1;

/** The columns that leave the database for an answer. Never the password's hash. */
export const userColumns = {
  id: true,
  name: true,
  email: true,
  access: true,
  disabled: true,
  createdAt: true,
  updatedAt: true,
} as const;

/** A row of {@link userColumns}. */
export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly access: number;
  readonly disabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A row as the API shows it. */
export function toUser(row: UserRow, levels: AccessLevels): User {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    access: row.access,
    accessName: levels.nameOf(row.access),
    disabled: row.disabled,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/**
 * Creates a user.
 *
 * @param input checked against the schemas of user.schemas.ts
 * @throws {Problem} `email-taken`
 */
export async function createUser(
  { db, levels }: Pick<AccountsContext, 'db' | 'levels'>,
  input: { name: string; email: string; password: string; access: number },
): Promise<User> {
  const data = await newUser(input);
  try {
    return toUser(await db.user.create({ data, select: userColumns }), levels);
  } catch (error) {
    if (isUniqueViolation(error, 'email')) throw new Problem('email-taken');
    throw error;
  }
}

/** The row of a user to be. Hashes the password, so call it outside transactions. */
export async function newUser(input: { name: string; email: string; password: string; access: number }) {
  const email = normalizeEmail(input.email);
  if (email === undefined) throw new Error('An email address that was not checked against its schema');
  const now = new Date();
  return {
    name: input.name.trim().normalize('NFC'),
    email,
    passwordHash: await hashPassword(input.password),
    access: input.access,
    disabled: false,
    generation: 0,
    epoch: 0,
    createdAt: now,
    updatedAt: now,
  };
}

/** Finds a user. @throws {Problem} `user-not-found` */
export async function findUser({ db, levels }: AccountsContext, id: string): Promise<User> {
  const row = await db.user.findUnique({ where: { id: id.toLowerCase() }, select: userColumns });
  if (row === null) throw new Problem('user-not-found');
  return toUser(row, levels);
}

/** Finds the user of a token. @throws {Problem} `invalid-token` when the user is gone */
export async function findCaller({ db, levels }: AccountsContext, id: string): Promise<User> {
  const row = await db.user.findUnique({ where: { id }, select: userColumns });
  if (row === null) throw invalidToken();
  return toUser(row, levels);
}

/** Changes the name of the user of a token. @throws {Problem} `invalid-token` when the session has ended */
export async function changeOwnName(
  { db, levels }: AccountsContext,
  actor: Actor,
  name: string,
): Promise<User> {
  return transaction(db, async (tx) => {
    await requireCurrent(tx, actor);
    const data = { name: name.trim().normalize('NFC'), updatedAt: new Date() };
    return toUser(await tx.user.update({ where: { id: actor.userId }, data, select: userColumns }), levels);
  });
}

/** What an admin can change of a user. */
export interface UserChange {
  readonly name?: string;
  readonly access?: number;
  readonly disabled?: boolean;
}

/**
 * Changes a user on behalf of an admin. Another level ends the validity of the access tokens that the user holds;
 * disabling ends the sessions too.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued
 */
export async function changeUser(
  context: AccountsContext,
  actor: Actor,
  userId: string,
  { name, access, disabled }: UserChange,
): Promise<User> {
  return change(context, async (tx, revoke) => {
    await requireCurrent(tx, actor);
    const before = await tx.user.findUnique({
      where: { id: userId.toLowerCase() },
      select: { id: true, access: true, disabled: true, generation: true },
    });
    if (before === null) throw new Problem('user-not-found');
    const { id } = before;
    const changesAccess = access !== undefined && access !== before.access;
    if (disabled && !before.disabled) await raiseEpoch(tx, id);
    const { generation, ...row } = await tx.user.update({
      where: { id },
      data: {
        ...(name !== undefined && { name: name.trim().normalize('NFC') }),
        ...(disabled !== undefined && { disabled }),
        ...(changesAccess && { access, generation: { increment: 1 } }),
        updatedAt: new Date(),
      },
      select: { ...userColumns, generation: true },
    });
    if (generation !== before.generation) revoke({ userId: id, generation });
    return toUser(row, context.levels);
  });
}

/**
 * Deletes a user, and the sessions, on behalf of an admin.
 *
 * @throws {Problem} `user-not-found`; `invalid-token` when the actor was changed since the token was issued
 */
export async function deleteUser(context: AccountsContext, actor: Actor, userId: string): Promise<void> {
  await change(context, async (tx, revoke) => {
    await requireCurrent(tx, actor);
    const id = userId.toLowerCase();
    const { count } = await tx.user.deleteMany({ where: { id } });
    if (count === 0) throw new Problem('user-not-found');
    revoke({ userId: id, generation: BEYOND_ALL_GENERATIONS });
  });
}
