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
] as const;
export type TemplateName = (typeof templateNames)[number];
