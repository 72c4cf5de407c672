import { newId } from '../../lib/id.ts';
import type { Change } from '../change.ts';
import { MAIL_TOKEN_LIFETIMES_MS, newMailToken, resetTemplates, tokenValues } from '../mail-tokens.ts';

/** The mail that has the token. */
export interface ResetMail {
  readonly template: (typeof resetTemplates)[number];
  /** As in {@link OutgoingMail}. */
  readonly limited: boolean;
  readonly isDecoy?: boolean;
}

/** Mails a token that sets a password. Earlier ones become void. */
export async function mailResetToken(
  { context, tx, send }: Change,
  { id: userId, email }: { readonly id: string; readonly email: string },
  mail: ResetMail,
): Promise<void> {
  const createdAt = await context.now(tx);
  const expiresAt = new Date(createdAt.getTime() + MAIL_TOKEN_LIFETIMES_MS.reset);
  const { token, tokenHash } = newMailToken();
  await context.outbox.takeBack(tx, [email], resetTemplates);
  await tx.passwordReset.deleteMany({ where: { userId } });
  await tx.passwordReset.create({ data: { id: newId(), tokenHash, userId, createdAt, expiresAt } });
  // The notice has no token: the row that is written for it is that of no account.
  const isNotice = mail.template === 'sign-in-by-passkey';
  const values = isNotice ? { link: context.frontendUrl } : tokenValues(context, 'reset', token);
  send({ recipient: email, values, notAfter: expiresAt, ...mail });
}
