const PREFIX = 'service:';

/**
 * The value of a service account in the unique column of addresses. It is no address, so no sign-in, no
 * invitation and no mail finds it.
 */
export function serviceAddress(id: string): string {
  return PREFIX + id;
}

/** Tells whether a value of that column is a service account's. */
export function isServiceAddress(email: string): boolean {
  return email.startsWith(PREFIX);
}
