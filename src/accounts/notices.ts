import type { OutgoingMail } from '../mail/outbox.ts';
import type { TemplateName } from '../mail/template-names.ts';
import type { AccountsContext } from './context.ts';

/** Milliseconds after which a notice that could not be sent is no news any more. */
const LIFETIME = 3 * 86_400_000;

/** A mail that tells the owner of an account what happened to it. It says nothing that somebody typed. */
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
    notAfter: new Date(Date.now() + LIFETIME),
    limited: false,
  };
}
