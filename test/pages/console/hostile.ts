/** Names that want to be more than text, or more than a line. */
export const HOSTILE = '"><img src=x onerror=alert(1)>\u202e{{7*7}}<b>\u05d0';

export const LONG_NAME = '👩‍🚀'.repeat(20) + '🙂'.repeat(40);
