/** Texts of the screen: routes. */
export const routesTexts = {
  title: 'Routes',
  explain:
    'Every operation of the service, and the levels that may use it. Your own access is in your account.',
  filters: {
    text: 'Name or path',
    level: 'What may a level do',
    every: 'All levels',
  },
  all: (count: number) => (count === 1 ? '1 operation' : `${count} operations`),
  of: (level: string, count: number, all: number) => `${level} may use ${count} of ${all} operations.`,
  nothing: 'No operation matches.',
  secondFactor: (level: string) =>
    `From the level ${level} on, a session has its level only with a second factor.`,
  columns: { operation: 'Operation', minimum: 'Needs', conditions: 'On top' },
  public: 'Public',
  publicNote: '(no sign-in)',
  conditions: {
    maxAge: (time: string) => `a sign-in of the last ${time}`,
    factors: 'two factors, at every level',
    session: 'a session: no API keys',
    none: '–',
  },
  may: 'Allowed',
  mayNot: 'Not',
};
