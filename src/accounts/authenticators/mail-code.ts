import { createHmac, randomInt } from 'node:crypto';
import { isSameText } from '../../crypto/same-text.ts';
import { retryLater } from '../../problems/problem.ts';
import type { ActorChange } from '../change.ts';
import type { AccountsContext, Actor } from '../context.ts';
import { type AccessColumns, accessAsOf } from '../elevation.ts';
import { allowsMail } from '../mail-limits.ts';

/** 8 digits: a guess at one of five tries hits once in 20 million. */
const DIGITS = 8;

/** The schema's pattern of a mailed code. */
export const MAIL_CODE_PATTERN = `^[0-9]{${DIGITS}}$`;

/** Seconds after which an address gets another mail that the limit of the hour has refused. */
const RETRY_SECONDS = 3_600;

/**
 * Tells whether a first second factor takes a code by mail too: it would raise the level, so a stolen
 * password must not be enough for it. Without a mail server, no address can be proven.
 *
 * @param user who has, or has not, a second factor
 */
export function needsMailCode(
  { outbox, secondFactor: { limit } }: Pick<AccountsContext, 'outbox' | 'secondFactor'>,
  user: AccessColumns & { readonly secondFactor: boolean },
  time: Date,
): boolean {
  if (user.secondFactor || limit === undefined || !outbox.settings.hasServer) return false;
  return accessAsOf(user, time) >= limit.from;
}

/**
 * Mails a new code. While a change of the address can be stopped, it goes to the address of before the
 * earliest one: a stolen password is enough to ask for a change.
 *
 * @param email the present address of the actor
 * @param createdAt by the database's clock
 * @returns the code
 * @throws {Problem} `too-many-requests` when the address, or the network, has had its mails of the hour
 */
export async function mailCode(
  change: ActorChange,
  actor: Actor,
  email: string,
  { createdAt, notAfter }: { readonly createdAt: Date; readonly notAfter: Date },
): Promise<string> {
  const stoppable = await change.tx.emailChangeStop.findFirst({
    where: { userId: actor.userId, expiresAt: { gt: createdAt } },
    orderBy: { createdAt: 'asc' },
    select: { email: true },
  });
  const recipient = stoppable?.email ?? email;
  const template = 'second-factor-code';
  if (!(await allowsMail(change, { recipient, templates: [template] }, actor.requestContext)))
    throw retryLater('too-many-requests', RETRY_SECONDS);
  const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0');
  const values = { code, link: change.context.frontendUrl };
  change.send({ recipient, template, values, notAfter, limited: true });
  return code;
}

/**
 * The hash of a mailed code that is stored. Its key is the secret beside it, which is encrypted: a copy of
 * the database is not enough to try all codes.
 *
 * @param secret of the pending TOTP, in base32
 */
export function hashMailCode(secret: string, code: string): string {
  return createHmac('sha256', secret).update(code).digest('base64url');
}

/** Tells whether a code is the one that was mailed. */
export function isMailCode(secret: string, code: string, hash: string): boolean {
  return isSameText(hashMailCode(secret, code), hash);
}
