/**
 * The form in which an address is stored and looked up: trimmed, lower case.
 *
 * @returns undefined for what is not ASCII: U+212A (Kelvin sign) would become `k`, and be somebody else's address
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

/** The form in which a name is stored: trimmed, and each character composed in one way (Unicode NFC). */
export function normalizeName(name: string): string {
  return name.trim().normalize('NFC');
}
