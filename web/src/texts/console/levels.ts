/** Texts about access levels, for all screens that show or change them. */
export const levelTexts = {
  until: 'until',
  level: 'Level',
  levelHint: 'At most your own, and at most your permanent one.',
  duration: 'How long',
  durations: {
    '900': '15 minutes',
    '3600': '1 hour',
    '14400': '4 hours',
    '28800': '8 hours',
    '86400': '1 day',
    '604800': '1 week',
    until: 'Until a time that I choose',
    '': 'For good',
  },
  back: 'After that, the permanent level is back by itself.',
  backTo: (level: string) => `After that, the level is ${level} again.`,
  noEnd: 'Until an admin changes it again.',
  untilField: 'Until',
  zone: (zone: string) => `Date and time in your zone: ${zone}.`,
};
