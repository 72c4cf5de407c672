import type { TemplateName } from './template-names.ts';

/** Kinds of mails that only an admin causes: each tag may be somebody. */
const COUNTED_WITH_TAG: ReadonlySet<TemplateName> = new Set(['invitation']);

/**
 * What the mails of a kind to an address are counted by: the address without its `+tag` (RFC 5233), for all of its tags fill one mailbox.
 * Dots stay: only some providers ignore them.
 *
 * @param recipient as the address is stored, in lower case
 */
export function mailboxOf(recipient: string, template: TemplateName): string {
  return COUNTED_WITH_TAG.has(template) ? recipient : recipient.replace(/(?<=^[^+@]+)\+[^@]*(?=@[^@]*$)/, '');
}
