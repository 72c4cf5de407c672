/** Texts of the screen: overview. */
export const overviewTexts = {
  title: 'Overview',
  asOf: 'As of',
  renews: 'renewed every 15 seconds',

  now: 'Now',
  figures: {
    users: 'Users',
    disabled: (count: number) => (count === 0 ? 'none of them disabled' : `${count} of them disabled`),
    sessions: 'Active sessions',
    sessionsAsOf: 'counted',
    registrations: 'Registrations to be confirmed',
    invitations: 'Invitations to be accepted',
    mails: 'Mails not delivered yet',
    mailsWait: 'They wait for the mail server. Look into the log.',
    withoutSecondFactor: 'Without a second factor',
    whoWithout: 'of those whose level asks for one, or of the admins',
    whatToDo: 'What to do about people without a second factor',
    help: 'Their password alone is enough to get their access. Ask them to open “Sign-in and security” of their account and add a passkey or an app. SECOND_FACTOR_FROM=admin in the settings of the service gives the level only with a second factor.',
    admins: 'Show the admins',
  },

  hours: {
    title: 'The last 24 hours',
    succeeded: 'Sign-ins',
    failed: 'Failed sign-ins',
    denied: 'Denied requests',
    explain: 'The last hour is not over. Failed sign-ins and denied requests are counted within 10 minutes.',
    numbers: 'Show the numbers',
    hour: 'Hour',
    who: 'Look into the audit:',
  },
  chart: {
    none: (title: string) => `${title} by the hour: none`,
    says: (title: string, total: number, most: number, hour: string) =>
      `${title} by the hour: ${total} in all, and ${most} in the hour from ${hour}, which had the most`,
    bar: (hour: string, count: number) => `from ${hour}: ${count}`,
  },

  levels: { title: 'Users by level', level: 'Level', users: 'Users' },
  newest: { title: 'Newest people', name: 'Name', address: 'Address', level: 'Level', since: 'Since' },

  service: {
    title: 'The service',
    health: 'Health',
    ready: 'Ready',
    notReady: 'Not ready:',
    unknown: 'Not known: the service cannot be reached.',
    looking: 'Looking',
    version: 'Version',
    uptime: 'Runs for',
    database: 'Database',
    databases: { sqlite: 'SQLite', postgresql: 'PostgreSQL' },
  },
  span: {
    days: (count: number) => (count === 1 ? '1 day' : `${count} days`),
    hours: (count: number) => (count === 1 ? '1 hour' : `${count} hours`),
  },
};
