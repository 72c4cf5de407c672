const two = (large: number, largeUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;

/** Texts of the screen: elevated now. */
export const elevatedTexts = {
  title: 'Elevated now',
  explain:
    'People who have a higher level for a limited time. When it is over, their permanent level is back.',
  caption: 'People with a higher level for a limited time',
  empty: 'No one has a higher level for a limited time.',
  columns: {
    name: 'Name',
    level: 'Level now',
    permanent: 'Permanent level',
    until: 'Until',
    why: 'Why',
    end: 'End',
  },
  left: {
    days: (days: number, hours: number) => `${two(days, 'd', hours, 'h')} left`,
    hours: (hours: number, minutes: number) => `${two(hours, 'h', minutes, 'min')} left`,
    minutes: (minutes: number, seconds: number) => `${two(minutes, 'min', seconds, 's')} left`,
    seconds: (seconds: number) => `${seconds} s left`,
    over: 'ends now',
  },
  by: 'by',
  service: 'the service, or a command',
  noReason: 'No reason was given',
  unknown: 'Not in the audit',
  end: 'End now',
  endOf: (name: string) => `End now: ${name}`,
  dialog: {
    title: 'End the elevation',
    explain: (now: string, permanent: string) =>
      `The level changes from ${now} to ${permanent} at once, and a mail says so.`,
    yourself: 'This is your own level. You may then no longer see this page.',
    submit: 'End it now',
    changed:
      'Somebody has changed this account meanwhile. Nothing was done. Look, and end it if you still want to.',
    over: 'The elevation is over already. There is nothing to end.',
    shown: 'You saw',
    now: 'It is now',
    wanted: 'You want',
    close: 'Close',
  },
  ended: (name: string) => `The elevation of ${name} has ended.`,
};
