/**
 * The stored form of an email address: trimmed and in lower case.
 *
 * @returns undefined for an address that is not ASCII: U+212A (Kelvin sign) would become `k`, which can be
 *   the address of another person
 */
export function normalizeEmail(email: string): string | undefined {
  const trimmed = email.trim();
  return /^[\x21-\x7e]+$/.test(trimmed) ? trimmed.toLowerCase() : undefined;
}

/** The stored form of an address that was checked against its schema. */
export function requireEmail(email: string): string {
  const normalized = normalizeEmail(email);
  if (normalized === undefined) throw new Error('An email address that was not checked against its schema');
  return normalized;
}

/** The stored form of a name: trimmed, with composed characters (Unicode NFC). */
export function normalizeName(name: string): string {
  return name.trim().normalize('NFC');
}
