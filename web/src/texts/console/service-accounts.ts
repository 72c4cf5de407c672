/** Texts of the screen: service accounts. */
export const serviceAccountsTexts = {
  title: 'Service accounts',
  explain:
    'A service account is for a program. It has no password and no address, and acts with its API keys alone.',
  filter: 'Filter by name',
  caption: 'Service accounts, the oldest first',
  name: 'Name',
  level: 'Level',
  keys: 'Keys',
  noKeys: 'none',
  state: 'State',
  enabled: 'Enabled',
  disabled: 'Disabled',
  createdAt: 'Made',
  none: 'There are no service accounts yet.',
  noMatch: 'No service account has this name.',
  more: 'Show more',
  cut: (count: number) => `Only the oldest ${count} are listed.`,
  make: 'Make a service account',
  nameHint: 'The program, or what it does.',
  levelHint: 'At most what you may give. You can change it later.',
  submit: 'Make it',
};
