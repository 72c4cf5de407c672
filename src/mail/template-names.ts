/** The names of the mail templates. Each is a pair of files in the folder `templates`. */
export const templateNames = [
  'invitation',
  'registration',
  'account-exists',
  'password-reset',
  'email-change',
  'password-changed',
  'email-changed',
  'reuse-detected',
  'continued-elsewhere',
  'access-changed',
  'second-factor-code',
  'authenticator-added',
  'authenticator-removed',
  'authenticators-reset',
  'recovery-codes-renewed',
  'set-password',
  'email-change-requested',
  'recovery-code-used',
  'wrong-codes',
] as const;
export type TemplateName = (typeof templateNames)[number];
