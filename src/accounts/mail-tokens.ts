import { createHash, randomBytes } from 'node:crypto';
import type { Change } from './change.ts';
import type { AccountsContext } from './context.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Milliseconds for which the token in a mail is good. */
export const lifetimes = {
  invitation: 7 * DAY,
  verification: DAY,
  reset: 30 * MINUTE,
  firstAdmin: 30 * MINUTE,
} as const;

/** Bytes of a token: 256 bits, which nobody guesses, so that its hash needs neither salt nor cost. */
const SIZE = 32;

/** The pages of the frontend that the links in mails lead to. */
const pages = {
  invitation: 'accept-invitation',
  verification: 'verify-email',
  reset: 'reset-password',
} as const;

/** A new token of a mail, and what is kept of it. */
export function newMailToken(): { readonly token: string; readonly tokenHash: string } {
  const token = randomBytes(SIZE).toString('base64url');
  return { token, tokenHash: hashMailToken(token) };
}

/** What is kept of a token. */
export function hashMailToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/**
 * What a mail with a token says. The token is in the link's fragment, which browsers send to nobody: it stays out of logs and
 * `Referer` headers (RFC 9110 section 10.1.3).
 */
export function tokenValues(
  { frontendUrl }: Pick<AccountsContext, 'frontendUrl'>,
  page: keyof typeof pages,
  token: string,
): { readonly link: string; readonly token: string } {
  return { link: `${frontendUrl}/${pages[page]}#token=${token}`, token };
}

/** Voids what was mailed to a user and not used yet: the password or the address is another now, or the user is disabled. */
export async function voidMailTokens(
  { context: { outbox }, tx }: Change,
  user: { readonly id: string; readonly email: string },
): Promise<void> {
  const where = { userId: user.id };
  const changes = await tx.emailChange.findMany({ where, select: { email: true } });
  await tx.emailChange.deleteMany({ where });
  await tx.passwordReset.deleteMany({ where });
  await outbox.takeBack(tx, user.email, ['password-reset']);
  for (const { email } of changes) await outbox.takeBack(tx, email, ['email-change']);
}
