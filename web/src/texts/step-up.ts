/** The texts of the dialog that asks to prove again who one is. */
export const stepUpTexts = {
  title: 'Confirm that it is you',
  recent: 'You signed in some time ago. What you want to do needs it again.',
  twoFactors: 'What you want to do needs your second factor.',
  submit: 'Go on',
  useRecoveryCode: 'Use a recovery code',
  useApp: 'Use the authenticator app',
  usePasskey: 'Use a passkey',
  or: 'or',
  noWay: 'Sign out and in again to go on.',
  setUpTitle: 'A second factor is needed',
  setUp: 'What you want to do is open to accounts with a second factor only. Yours has none yet.',
  setUpSubmit: 'Set one up',
  notNow: 'Not now',
};
