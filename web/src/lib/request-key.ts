const KEY_BYTES = 16;

/**
 * Makes a value for `Idempotency-Key`. `crypto.randomUUID` is missing in pages that came over plain http.
 */
export function newRequestKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
