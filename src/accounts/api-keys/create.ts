import { accessDenied } from '../../access/challenges.ts';
import { newId } from '../../lib/id.ts';
import { toWholeSeconds } from '../../lib/timestamps.ts';
import { invalidBody, Problem } from '../../problems/problem.ts';
import { hashApiKey, newApiKey } from '../../tokens/api-key.ts';
import { requireAllFactors, requireTwoFactorSession } from '../authenticators/require-factors.ts';
import { requireAuthorityOver } from '../authority.ts';
import { type ActorChange, makeChange, recheckActor } from '../change.ts';
import type { AccountsContext, operator, SessionActor } from '../context.ts';
import { noticeTo } from '../notices.ts';
import { userColumns } from '../users/users.ts';
import { apiKeyColumns, toApiKey } from './keys.ts';
import type { NewApiKey } from './schemas.ts';

const DAY_MS = 86_400_000;
const DEFAULT_LIFETIME_MS = 90 * DAY_MS;
/** A year, a leap year too. */
export const MAX_LIFETIME_MS = 366 * DAY_MS;

/** Keys of one account: they are read together where all of them end. */
const MAX_KEYS = 50;

/** A key to make. */
export interface WantedApiKey {
  readonly name: string;
  /** The most that it may do. */
  readonly access: number;
  /** Checked to be operations of the service. */
  readonly operations?: readonly string[];
  readonly expiresAt?: Date;
  /** True where it names an operation that asks for a recent sign-in. */
  readonly namesStepUp: boolean;
}

/** A key that is not stored yet. */
export interface GivenApiKey {
  readonly id: string;
  readonly key: string;
}

/** Makes a key, with its id. */
export function makeApiKey(time = new Date()): GivenApiKey {
  const id = newId(time);
  return { id, key: newApiKey(id) };
}

interface Owner {
  readonly id: string;
  readonly email: string;
  readonly kind: string;
  readonly epoch: number;
  readonly permanentAccess: number;
}

/**
 * Makes a key of the actor. The level is at most the lower one of the session's and of the permanent one, and
 * below the levels that ask for a second factor.
 *
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `access-denied`; `validation-failed`; `two-factors-required`; `too-many-api-keys`
 */
export async function createOwnApiKey(
  context: AccountsContext,
  actor: SessionActor,
  wanted: WantedApiKey,
  maxAge: number,
): Promise<NewApiKey> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    await requireAllFactors(change, maxAge);
    const owner = await change.tx.user.findUniqueOrThrow({ where: { id: actor.userId } });
    const { limit } = context.secondFactor;
    const max = Math.min(change.maxGrantableLevel, limit?.below ?? Number.POSITIVE_INFINITY);
    if (wanted.access > max) throw accessDenied(wanted.access, max);
    const made = await insertApiKey(change, owner, wanted);
    change.send(noticeTo(context, owner.email, 'api-key-created', { name: made.name }));
    return made;
  });
}

/**
 * Makes a key of a service account, on behalf of an admin or of an operator. The level is at most the
 * account's permanent one and what the actor may give. A key that names an operation which asks for a recent
 * sign-in stands for that sign-in, so an admin needs a session with two factors to make it.
 *
 * @param accountId of the service account
 * @param maxAge seconds that may have passed since the sign-in, as the route declares them
 * @throws {Problem} `service-account-not-found`; `access-denied`; `validation-failed`;
 *   `two-factors-required`; `too-many-api-keys`
 */
export async function createServiceApiKey(
  context: AccountsContext,
  actor: SessionActor | typeof operator,
  accountId: string,
  wanted: WantedApiKey,
  maxAge?: number,
): Promise<NewApiKey> {
  return makeChange(context, async (unchecked) => {
    const change = await recheckActor(unchecked, actor);
    const owner = await change.tx.user.findUnique({
      where: { id: accountId.toLowerCase(), kind: 'service' },
      select: { ...userColumns, epoch: true },
    });
    if (owner === null) throw new Problem('service-account-not-found');
    await requireAuthorityOver(change, owner);
    if (wanted.namesStepUp) await requireTwoFactorSession(change, maxAge);
    const max = Math.min(change.maxGrantableLevel, owner.permanentAccess);
    if (wanted.access > max) throw accessDenied(wanted.access, max);
    return insertApiKey(change, owner, wanted);
  });
}

/**
 * Inserts a key. One of a service account stands for a recent sign-in where it names an operation that asks
 * for one now. An operation that asks for one later is refused to it.
 *
 * @param given a key that was made elsewhere, with its id
 * @throws {Problem} `validation-failed`; `too-many-api-keys`
 */
export async function insertApiKey(
  change: ActorChange,
  owner: Owner,
  wanted: WantedApiKey,
  given?: GivenApiKey,
): Promise<NewApiKey> {
  const { context, tx, actor, record } = change;
  const { levels } = context;
  const { name, access, operations } = wanted;
  if (access >= levels.admin && operations === undefined) {
    const message = `is required with the level ${levels.admin} or above: name the operations, or "*" for all`;
    throw invalidBody('/operations', 'required', message);
  }
  const now = await context.now(tx);
  const expiresAt = endOf(wanted, now);
  if ((await tx.apiKey.count({ where: { userId: owner.id } })) >= MAX_KEYS)
    throw new Problem('too-many-api-keys');
  const { id, key } = given ?? makeApiKey(now);
  const row = await tx.apiKey.create({
    data: {
      id,
      userId: owner.id,
      name,
      hash: hashApiKey(key),
      access,
      operations: operations?.join(' ') ?? null,
      epoch: owner.epoch,
      standsForSignIn: owner.kind === 'service' && wanted.namesStepUp,
      makerId: actor.userId,
      createdAt: now,
      expiresAt,
    },
    select: apiKeyColumns,
  });
  record({
    action: 'api-key.created',
    actorId: actor.userId,
    targetId: owner.id,
    after: { keyId: id, access, operations: row.operations, expiresAt: expiresAt.toISOString() },
    requestContext: actor.requestContext,
  });
  return { ...toApiKey(row, levels), key };
}

function endOf({ expiresAt }: WantedApiKey, now: Date): Date {
  if (expiresAt === undefined) return toWholeSeconds(new Date(now.getTime() + DEFAULT_LIFETIME_MS));
  if (expiresAt <= now) throw invalidBody('/expiresAt', 'past', 'must be in the future');
  if (expiresAt.getTime() > now.getTime() + MAX_LIFETIME_MS)
    throw invalidBody('/expiresAt', 'too-large', 'must be within 366 days');
  return toWholeSeconds(expiresAt);
}
