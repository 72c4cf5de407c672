import { accessAsOf } from '../../access/elevation.ts';
import type { ColumnsOf, Transaction } from '../../db/client.ts';
import { selectRow } from '../../db/raw/select.ts';
import { limitByFactors } from '../../tokens/factors.ts';
import type { AccessTokenSubject } from '../../tokens/tokens.ts';
import { methodsOf } from '../authenticators/methods.ts';
import type { AccountsContext } from '../context.ts';

const SECOND_MS = 1_000;

/** No token is issued for less time than this: the expiry of a token is in whole seconds. */
export const MIN_TOKEN_LIFETIME_MS = 1_000;

/** The values that the tokens of a session are made of. All come from one read of the user's row. */
export interface SessionGrant extends AccessTokenSubject {
  /** The number of the session's current refresh token. */
  readonly rotation: number;
  /** True when that token is in a cookie. */
  readonly cookie: boolean;
}

/** The columns of a user that the tokens are made of. */
export const ownerColumns = [
  'id',
  'email',
  'access',
  'permanentAccess',
  'accessUntil',
  'generation',
  'epoch',
  'disabled',
] as const;

/** A row of {@link ownerColumns}. */
export type Owner = Pick<ColumnsOf<'User'>, (typeof ownerColumns)[number]>;

/**
 * Reads the owner of a session that is about to be opened.
 *
 * @param signedIn the id, and the epoch when the first factor was proven
 * @returns undefined when the user is gone or disabled, or when all sessions were ended since
 */
export async function findOwner(
  tx: Transaction,
  { id, epoch }: { readonly id: string; readonly epoch: number },
): Promise<(Owner & Pick<ColumnsOf<'User'>, 'secondFactor'>) | undefined> {
  const user = await selectRow(tx, 'User', [...ownerColumns, 'secondFactor'], { id });
  return user === undefined || user.disabled || user.epoch !== epoch ? undefined : user;
}

interface SessionRow {
  readonly id: string;
  readonly rotation: number;
  readonly accessCap: number | null;
  readonly authenticatedAt: Date;
  readonly amr: string;
  readonly secondFactorAt: Date | null;
  readonly expiresAt: Date;
  readonly cookie: boolean;
}

/**
 * The values of a session's tokens at a time. A second factor counts for SECOND_FACTOR_MAX_AGE. The tokens
 * end with it, and with an elevation.
 */
export function toGrant(
  { secondFactor: { limit, maxAge } }: Pick<AccountsContext, 'secondFactor'>,
  session: SessionRow,
  user: Owner,
  time: Date,
): SessionGrant {
  const soon = new Date(time.getTime() + MIN_TOKEN_LIFETIME_MS);
  const current = accessAsOf(user, soon);
  const level = Math.min(current, session.accessCap ?? current);
  const { accessUntil } = user;
  const ends = [session.expiresAt];
  if (level > user.permanentAccess && accessUntil !== null) ends.push(accessUntil);
  const factorEnd = factorEndOf(session, maxAge);
  const hasTwoFactors = factorEnd !== null && factorEnd > soon;
  if (hasTwoFactors) ends.push(factorEnd);
  const acr = hasTwoFactors ? '2' : '1';
  return {
    userId: user.id,
    sessionId: session.id,
    ...(session.accessCap !== null && { cap: session.accessCap }),
    ...limitByFactors(level, acr, limit),
    acr,
    amr: methodsOf(session.amr, hasTwoFactors),
    generation: user.generation,
    authenticatedAt: session.authenticatedAt,
    issuedAt: time,
    expiresAt: new Date(Math.min(...ends.map(Number))),
    rotation: session.rotation,
    cookie: session.cookie,
  };
}

/** Tells whether the second factor of a session counts at a time. @param maxAge seconds that it counts */
export function hasTwoFactorsAt(
  session: Pick<SessionRow, 'secondFactorAt'>,
  maxAge: number,
  time: Date,
): boolean {
  const end = factorEndOf(session, maxAge);
  return end !== null && end > time;
}

/** Returns the time when the second factor of a session no longer counts; null when it has one factor. */
function factorEndOf({ secondFactorAt }: Pick<SessionRow, 'secondFactorAt'>, maxAge: number): Date | null {
  return secondFactorAt && new Date(secondFactorAt.getTime() + maxAge * SECOND_MS);
}
