/** Seconds after which what changes other people's access wants the password again (OWASP ASVS 5, 7.5.1). */
export const RECENT_SIGN_IN = 15 * 60;
