import type { TemplateName } from './template-names.ts';

/** Kinds of mails that only an admin can cause: each tag may be another person. */
const COUNTED_WITH_TAG: ReadonlySet<TemplateName> = new Set(['invitation']);

/**
 * Returns the key by which mails to an address are counted: the address without its `+tag` (RFC 5233),
 * because all tags lead to one mailbox. Dots stay: only some providers ignore them.
 *
 * @param recipient address as it is stored, in lower case
 */
export function mailboxOf(recipient: string, template: TemplateName): string {
  return COUNTED_WITH_TAG.has(template) ? recipient : recipient.replace(/(?<=^[^+@]+)\+[^@]*(?=@[^@]*$)/, '');
}
