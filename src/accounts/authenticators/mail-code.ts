import { createHmac } from 'node:crypto';
import { type AccessColumns, accessAsOf } from '../../access/elevation.ts';
import { isSameText } from '../../crypto/same-text.ts';
import { invalidBody, type Problem, retryLater } from '../../problems/problem.ts';
import type { ActorChange } from '../change.ts';
import type { AccountsContext, SessionActor } from '../context.ts';
import { allowsMail } from '../mail-limits.ts';

const MINUTE_MS = 60_000;

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

/** The problem of a request without the code that was mailed. It is no try. */
export function missingMailCode(): Problem {
  return invalidBody('/mailCode', 'required', 'is required: it was mailed to the address of your account');
}

/** A code to mail. */
export interface CodeMail {
  readonly code: string;
  /** The present address of the actor. */
  readonly email: string;
  /** By the database's clock. */
  readonly createdAt: Date;
  /** The end of the code. */
  readonly notAfter: Date;
}

/**
 * Mails a code. While a change of the address can be stopped, it goes to the address of before the earliest
 * one: a stolen password is enough to ask for a change.
 *
 * @throws {Problem} `too-many-requests` when the address, or the network, has had its mails of the hour
 */
export async function sendMailCode(
  change: ActorChange,
  { userId, requestContext }: SessionActor,
  { code, email, createdAt, notAfter }: CodeMail,
): Promise<void> {
  const stoppable = await change.tx.emailChangeStop.findFirst({
    where: { userId, expiresAt: { gt: createdAt } },
    orderBy: { createdAt: 'asc' },
    select: { email: true },
  });
  const recipient = stoppable?.email ?? email;
  const template = 'second-factor-code';
  if (!(await allowsMail(change, { recipient, templates: [template] }, requestContext)))
    throw retryLater('too-many-requests', RETRY_SECONDS);
  const minutes = String(Math.round((notAfter.getTime() - createdAt.getTime()) / MINUTE_MS));
  const values = { code, minutes, link: change.context.frontendUrl };
  change.send({ recipient, template, values, notAfter, limited: true });
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
