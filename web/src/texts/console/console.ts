/** Texts that all screens of the console share. */
export const consoleTexts = {
  nav: {
    label: 'Console',
    home: 'Your account',
    overview: 'Overview',
    users: 'Users',
    invitations: 'Invitations',
    elevated: 'Elevated now',
    serviceAccounts: 'Service accounts',
    audit: 'Audit',
    routes: 'Routes',
    settings: 'Settings',
  },
  refused: {
    title: 'No access',
    text: 'You do not have access to that page. Sorry!',
    level: 'An admin can change your access level.',
    home: 'Go to your account',
  },
  choose: (name: string) => `Choose ${name}`,
  chooseAll: 'Choose all on this page',
  pages: 'Pages of the list',
  previous: 'Back',
  next: 'Next',
  /** Names of the levels that every Latchkey has. Others have the name that the service tells. */
  everything: 'All',
  reason: 'Reason',
  reasonHint: 'It is kept in the audit.',
};
