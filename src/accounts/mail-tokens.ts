import { createHash, randomBytes } from 'node:crypto';
import type { Change } from './change.ts';
import type { AccountsContext } from './context.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The lifetimes of the tokens in mails. */
export const MAIL_TOKEN_LIFETIMES_MS = {
  invitation: 7 * DAY_MS,
  verification: DAY_MS,
  reset: 30 * MINUTE_MS,
  firstAdmin: 30 * MINUTE_MS,
  stop: 3 * DAY_MS,
} as const;

/** 256 bits. They cannot be guessed, so the token's hash needs neither a salt nor a slow function. */
const TOKEN_BYTES = 32;

/** The pages of the frontend that the links in mails lead to. */
const pages = {
  invitation: 'accept-invitation',
  verification: 'verify-email',
  reset: 'reset-password',
  stop: 'stop-email-change',
} as const;

/** The mails with a token that sets a password, and the notice in its place. */
export const resetTemplates = ['password-reset', 'set-password', 'sign-in-by-passkey'] as const;

/** A new token for a mail, and the hash of it that is stored. */
export function newMailToken(): { readonly token: string; readonly tokenHash: string } {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, tokenHash: hashMailToken(token) };
}

/** The hash of a token that is stored. */
export function hashMailToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/**
 * The values for a mail with a token. The token is in the fragment of the link unless MAIL_LINKS is `query`.
 * Browsers do not send the fragment, so the token stays out of logs and `Referer` headers (RFC 9110 section
 * 10.1.3). Mail filters that put their own URL around a link (Microsoft Safe Links, Mimecast) may encode the
 * `#` or drop the fragment; they keep the query.
 */
export function tokenValues(
  { frontendUrl, mailLinks }: Pick<AccountsContext, 'frontendUrl' | 'mailLinks'>,
  page: keyof typeof pages,
  token: string,
): { readonly link: string; readonly token: string } {
  const separator = mailLinks === 'query' ? '?' : '#';
  // `myapp://` is complete as it is: a third slash would make an empty host of it.
  const base = frontendUrl.endsWith('/') ? frontendUrl : `${frontendUrl}/`;
  return { link: `${base}${pages[page]}${separator}token=${token}`, token };
}

/**
 * Voids a user's unused tokens, and the mailed codes that sign in. Call it when the password or the address
 * changes, or when the user is disabled. Those that stop a change of address stay: a thief of the account
 * could else void them.
 */
export async function voidMailTokens(
  change: Change,
  user: { readonly id: string; readonly email: string },
): Promise<void> {
  const { context, tx } = change;
  await voidEmailChanges(change, user.id);
  await tx.passwordReset.deleteMany({ where: { userId: user.id } });
  await tx.mailCode.deleteMany({ where: { userId: user.id } });
  await context.outbox.takeBack(tx, [user.email], [...resetTemplates, 'sign-in-code']);
}

/** Voids changes of address that wait for the new one. */
export async function voidEmailChanges({ context, tx }: Change, userId: string): Promise<void> {
  const where = { userId };
  const changes = await tx.emailChange.findMany({ where, select: { email: true } });
  await tx.emailChange.deleteMany({ where });
  const emails = changes.map(({ email }) => email);
  await context.outbox.takeBack(tx, emails, ['email-change']);
}
