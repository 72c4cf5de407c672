import { normalizeEmail } from '../lib/email-address.ts';

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
