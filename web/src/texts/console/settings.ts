/** Texts of the screen: settings. */
export const settingsTexts = {
  title: 'Settings',
  explain:
    'The service as it runs now. It reads its configuration when it starts: change it there, and start it again.',

  findings: 'Findings',
  checkedAt: 'Checked',
  again: 'Check again',
  more: 'latchkey doctor, on the command line, looks at more.',
  error: 'Error',
  warning: 'Warning',
  ok: 'All is well',
  allWell: 'Nothing is wrong.',
  fine: (count: number) =>
    count === 1 ? '1 check found nothing wrong' : `${count} checks found nothing wrong`,

  levels: 'Access levels',

  keys: 'Signing keys',
  keysCaption: 'Keys of access tokens, the one that signs first',
  kid: 'Key',
  alg: 'Algorithm',
  since: 'In use since',
  days: (count: number) => (count === 1 ? '1 day' : `${count} days`),
  today: 'since today',
  unknown: 'not known',
  state: 'State',
  signing: 'Signs new tokens',
  verifying: 'Verifies only',

  configuration: 'Configuration',
  configurationCaption: 'The variables of the configuration',
  filter: 'Filter by name',
  onlySet: 'Only what is set',
  variable: 'Variable',
  value: 'Value',
  source: 'Source',
  set: 'set, not shown',
  notSet: 'not set',
  empty: 'none',
  changed: 'Set',
  default: 'Default',
  noMatch: 'No variable is like this.',
};
