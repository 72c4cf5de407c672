import type { OutgoingMail } from '../mail/outbox.ts';
import type { TemplateName } from '../mail/template-names.ts';
import type { AccountsContext } from './context.ts';

/** A notice that could not be sent within this time is out of date. */
const LIFETIME_MS = 3 * 86_400_000;

/**
 * A mail that tells the owner of an account about an event. It contains no text that was typed by a user but
 * the names of API keys and of service accounts.
 */
export function noticeTo(
  { frontendUrl }: Pick<AccountsContext, 'frontendUrl'>,
  recipient: string,
  template: TemplateName,
  values: Readonly<Record<string, string>> = {},
): OutgoingMail {
  return {
    recipient,
    template,
    values: { link: frontendUrl, ...values },
    notAfter: new Date(Date.now() + LIFETIME_MS),
    limited: false,
  };
}
