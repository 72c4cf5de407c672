import { invalidToken } from '../../access/challenges.ts';
import { type AccessColumns, accessAsOf } from '../../access/elevation.ts';
import type { AccessLevels } from '../../access/levels.ts';
import type { AuditAction, RequestContext } from '../../audit/event.ts';
import { isUniqueViolation } from '../../db/errors.ts';
import { selectRow } from '../../db/raw/select.ts';
import { displayEmail } from '../../lib/email-address.ts';
import { isServiceAddress } from '../../lib/service-address.ts';
import { Problem } from '../../problems/problem.ts';
import { type Change, makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { endInvitationsTo } from '../invitations/end.ts';
import { requireEmail } from '../normalize.ts';
import { requireHashingCapacity } from '../passwords/hash.ts';
import { requireGoodPassword } from '../passwords/strength.ts';
import { hashAndBuildUser, type UserRowInput } from './new-row.ts';
import type { User } from './schemas.ts';

export { buildUserRow, hashAndBuildUser, type UserRowInput } from './new-row.ts';

/** The columns that are sent to clients. The password hash is never one of them. */
export const userColumns = {
  id: true,
  name: true,
  email: true,
  access: true,
  permanentAccess: true,
  accessUntil: true,
  disabled: true,
  secondFactor: true,
  externalId: true,
  kind: true,
  createdAt: true,
  updatedAt: true,
} as const;

const userColumnNames = Object.keys(userColumns).filter(
  (name): name is keyof typeof userColumns => name in userColumns,
);

/** A row of {@link userColumns}. */
export interface UserRow extends AccessColumns {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly disabled: boolean;
  readonly secondFactor: boolean;
  readonly externalId: string | null;
  /** `person` or `service`. */
  readonly kind: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A user as the API shows it, with the current access level. */
export function toUser(row: UserRow, levels: AccessLevels): User {
  const access = accessAsOf(row, new Date());
  const isElevated = access !== row.permanentAccess;
  return {
    id: row.id,
    name: row.name,
    kind: row.kind === 'service' ? 'service' : 'person',
    email: isServiceAddress(row.email) ? null : displayEmail(row.email),
    access,
    accessName: levels.nameOf(access),
    permanentAccess: row.permanentAccess,
    accessUntil: isElevated ? (row.accessUntil?.toISOString() ?? null) : null,
    disabled: row.disabled,
    secondFactor: row.secondFactor,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** A user as admins see it: with the id in the system that the user came from. */
export function toUserForAdmins(row: UserRow, levels: AccessLevels): User {
  return { ...toUser(row, levels), externalId: row.externalId };
}

/** The origin of a user. */
export interface Creation {
  readonly action: Extract<AuditAction, 'user.registered' | 'user.created'>;
  /** The admin who made the user; without one, it is the person or the operator. */
  readonly actorId?: string | null;
  readonly requestContext: RequestContext;
}

/**
 * Creates a user.
 *
 * @param input checked against the schemas of users/schemas.ts
 * @param prepare runs in the change before the user is inserted, and returns the change to go on with
 * @throws {Problem} `email-taken`; `validation-failed` for a password that is too common
 */
export async function createUser(
  context: AccountsContext,
  input: { name: string; email: string; password: string; access: number },
  creation: Creation,
  prepare: (change: Change, row: UserRowInput) => Promise<Change> = async (change) => change,
): Promise<User> {
  requireHashingCapacity();
  await requireGoodPassword(input.password, input, '/password');
  const row = await hashAndBuildUser(input);
  return translateEmailConflict(() =>
    makeChange(context, async (change) => insertUser(await prepare(change, row), row, creation)),
  );
}

/**
 * Inserts the row of a new user, and ends an invitation to the address.
 *
 * @returns the user as the API shows it
 */
export async function insertUser(
  change: Change,
  data: UserRowInput,
  { action, actorId = null, requestContext }: Creation,
): Promise<User> {
  const { context, tx, record } = change;
  const row = await tx.user.create({ data, select: userColumns });
  const { id, kind, name, email, access } = row;
  record({
    action,
    actorId,
    targetId: id,
    after: kind === 'service' ? { access, kind } : { access },
    personal: { after: kind === 'service' ? { name } : { name, email } },
    requestContext,
  });
  await endInvitationsTo(change, [row], { actorId: null, requestContext });
  return toUser(row, context.levels);
}

/**
 * Translates the unique violation of an email address into a problem.
 *
 * @throws {Problem} `email-taken`
 */
export async function translateEmailConflict<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error, 'email') || isUniqueViolation(error, 'emailKey'))
      throw new Problem('email-taken');
    throw error;
  }
}

/** Finds a user for an admin. @throws {Problem} `user-not-found` */
export async function findUser({ db, levels }: AccountsContext, id: string): Promise<User> {
  const row = await db.user.findUnique({ where: { id: id.toLowerCase() }, select: userColumns });
  if (row === null) throw new Problem('user-not-found');
  return toUserForAdmins(row, levels);
}

/** Finds a user by address. @throws {Problem} `user-not-found` */
export async function findUserByEmail({ db, levels }: AccountsContext, email: string): Promise<User> {
  const row = await db.user.findUnique({ where: { email: requireEmail(email) }, select: userColumns });
  if (row === null) throw noSuchAddress();
  return toUser(row, levels);
}

/** The problem that an operator gets. No answer to a request tells whether an address has an account. */
export function noSuchAddress(): Problem {
  return new Problem('user-not-found', { detail: 'There is no user with this email address.' });
}

/** Finds the user of a token. @throws {Problem} `invalid-token` when the user is deleted */
export async function findCaller({ db, levels }: AccountsContext, id: string): Promise<User> {
  const row = await selectRow(db, 'User', userColumnNames, { id });
  if (row === undefined) throw invalidToken();
  return toUser(row, levels);
}
