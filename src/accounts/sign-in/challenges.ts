import { invalidCredentials, refusedCode, secondFactorRequired } from '../../access/challenges.ts';
import type { RequestContext } from '../../audit/event.ts';
import type { ColumnsOf, Transaction } from '../../db/client.ts';
import { retryConflicts } from '../../db/transaction.ts';
import { newId } from '../../lib/id.ts';
import { joinMethods } from '../authenticators/methods.ts';
import type { CodeOwner } from '../authenticators/second-factor.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { hashMailToken, newMailToken } from '../mail-tokens.ts';
import { evictSurplusSessions } from '../sessions/end.ts';
import { findOwner, type SessionGrant } from '../sessions/grant.ts';
import { insertSession, type SessionOptions } from '../sessions/sessions.ts';
import type { SignedIn } from './sign-in.ts';

/** A challenge is valid for this time: enough to find the device, and to wait for the next code. */
const LIFETIME_MS = 5 * 60_000;

/** Codes and passkeys that may be tried with one challenge. */
const MAX_TRIES = 5;

/** Challenges of one account that are valid at the same time. A further one ends the oldest. */
const MAX_CHALLENGES = 10;

/** A challenge that is valid, and its user. */
export interface Challenge {
  readonly row: ColumnsOf<'SignInChallenge'>;
  readonly owner: CodeOwner;
}

/**
 * Opens the session of a user whose first factor was verified. Where the account has a second factor, it
 * makes a challenge instead. The row of the user decides, inside the transaction.
 *
 * @throws {Problem} `second-factor-required` with the challenge; `invalid-credentials` when the account was
 *   changed meanwhile; `same-origin-required` for a session in a cookie that the answer may not set
 */
export async function openSessionOrChallenge(
  context: AccountsContext,
  signedIn: SignedIn,
  requestContext: RequestContext,
  options: SessionOptions = {},
): Promise<SessionGrant> {
  const opened = await makeChange(context, async (change) => {
    const { tx } = change;
    const user = await findOwner(tx, signedIn);
    if (user === undefined) throw invalidCredentials();
    if (user.secondFactor) return addChallenge(context, tx, signedIn, options);
    return { grant: await insertSession(change, user, signedIn, requestContext, options) };
  });
  if ('challenge' in opened) throw secondFactorRequired(opened);
  await evictSurplusSessions(context, signedIn.id, requestContext);
  return opened.grant;
}

async function addChallenge(
  context: AccountsContext,
  tx: Transaction,
  { id: userId, epoch, amr = ['pwd'] }: SignedIn,
  { accessCap, cookie = false }: SessionOptions,
): Promise<{ challenge: string; methods: string[] }> {
  const createdAt = await context.now(tx);
  const alive = { userId, epoch, expiresAt: { gt: createdAt } };
  const kept = await tx.signInChallenge.findMany({
    where: alive,
    orderBy: { id: 'desc' },
    take: MAX_CHALLENGES - 1,
    select: { id: true },
  });
  await tx.signInChallenge.deleteMany({ where: { userId, id: { notIn: kept.map(({ id }) => id) } } });
  const { token, tokenHash } = newMailToken();
  await tx.signInChallenge.create({
    data: {
      id: newId(createdAt),
      tokenHash,
      userId,
      epoch,
      accessCap: accessCap ?? null,
      amr: joinMethods(amr),
      cookie,
      tries: 0,
      createdAt,
      expiresAt: new Date(createdAt.getTime() + LIFETIME_MS),
    },
  });
  return { challenge: token, methods: await listMethods(context, tx, userId) };
}

/** Lists the second factors of an account that this service takes. */
async function listMethods(context: AccountsContext, tx: Transaction, userId: string): Promise<string[]> {
  const where = { userId };
  const takesPasskeys = context.passkeys.isOn && context.signInMethods.has('passkey');
  return [
    ...((await tx.totp.count({ where })) > 0 ? ['totp'] : []),
    ...(takesPasskeys && (await tx.passkey.count({ where })) > 0 ? ['passkey'] : []),
    ...((await tx.recoveryCode.count({ where })) > 0 ? ['recoveryCode'] : []),
  ];
}

/**
 * Finds the challenge of a token. It ends with the epoch of its user, and with its last try.
 *
 * @throws {Problem} `challenge-invalid`
 */
export async function findChallenge({ db, now }: AccountsContext, token: string): Promise<Challenge> {
  const found = await db.signInChallenge.findUnique({
    where: { tokenHash: hashMailToken(token) },
    include: { user: { select: { id: true, email: true, secondFactor: true, epoch: true, disabled: true } } },
  });
  if (found === null || found.expiresAt <= (await now(db))) throw refusedCode('challenge-invalid');
  const { user, ...row } = found;
  const isOver = user.epoch !== row.epoch || row.tries >= MAX_TRIES;
  if (isOver || user.disabled || !user.secondFactor) throw refusedCode('challenge-invalid');
  return { row, owner: user };
}

/**
 * Counts a code or a passkey before it is verified.
 *
 * @throws {Problem} `challenge-invalid` when the challenge has no try left, or is gone
 */
export async function countTry({ db }: AccountsContext, { row: { id } }: Challenge): Promise<void> {
  const counted = await retryConflicts(
    db.raw,
    () => db.raw.execute`
      UPDATE "SignInChallenge" SET "tries" = "tries" + 1 WHERE "id" = ${id} AND "tries" < ${MAX_TRIES}`,
  );
  if (counted === 0) throw refusedCode('challenge-invalid');
}

/** Uses a challenge up. @throws {Problem} `challenge-invalid` when another request did */
export async function consumeChallenge(tx: Transaction, { row: { id } }: Challenge): Promise<void> {
  const { count } = await tx.signInChallenge.deleteMany({ where: { id } });
  if (count === 0) throw refusedCode('challenge-invalid');
}
