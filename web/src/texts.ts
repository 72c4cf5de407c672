import { accountTexts } from './texts/account.ts';
import { linkTexts } from './texts/link.ts';
import { inviteTexts, passkeyTexts, secondFactorTexts } from './texts/passkeys.ts';

/** All texts of the pages. Another language is another set of files with the same members. */
export const texts = {
  product: 'Latchkey',
  documentTitle: (title: string) => `${title} · Latchkey`,
  skip: 'Skip to the content',

  states: {
    loading: 'Loading',
    offline: 'You are offline. What you see may be old, and what you send now does not arrive.',
    unreachable: 'The service cannot be reached. Check your connection and try again.',
    away: 'The service is out of reach or interrupted. What you see may be old. The page goes on by itself.',
    stale: (why: string) => `This may be out of date. ${why}`,
    retry: 'Try again',
    wait: (time: string) => `Too many attempts. Try again in ${time}.`,
    nothing: 'There is nothing here yet.',
    signedOut: 'You are signed out.',
  },

  duration: {
    seconds: (count: number) => (count === 1 ? '1 second' : `${count} seconds`),
    minutes: (count: number) => (count === 1 ? '1 minute' : `${count} minutes`),
  },

  fields: {
    name: 'Name',
    email: 'Email address',
    password: 'Password',
    newPassword: 'New password',
    code: 'Code',
    recoveryCode: 'Recovery code',
    show: 'Show',
    hide: 'Hide',
    choose: 'Choose',
    showPassword: 'Show the password',
    passwordHint: (min: number) => `At least ${min} characters. Some words in a row are easy to remember.`,
  },

  /** Errors beside fields, by the code of the part. */
  invalid: {
    required: 'Fill this in.',
    format: 'This is not complete, or has a character that cannot be here.',
    email: 'Write an address such as ada@example.com.',
    'too-long': 'This is too long.',
    past: 'Choose a time that is still to come.',
    tooShort: (min: number) => `Use at least ${min} characters.`,
    'too-short': 'This is too short.',
    'weak-password': 'This password is easy to guess: choose one that is less common, and not your name.',
    summary: (count: number) =>
      count === 1 ? 'One field needs a change.' : `${count} fields need a change.`,
  },

  /** Errors of a whole form, by the slug of the problem. The others show the detail of the problem. */
  problems: {
    'invalid-credentials': 'The address or the password is wrong, or the account cannot sign in.',
    'wrong-password': 'This is not the password that you chose.',
    'wrong-code': 'The code is wrong, or no longer valid. Enter the newest one.',
    'code-already-used': 'This code was used before. Wait for the next one.',
    'challenge-invalid': 'This took too long, or too many codes were wrong. Sign in again.',
    'email-taken': 'There is an account with this address. Sign in with it, or use another address.',
    'registration-closed': 'Accounts are made by invitation here. Ask an admin for one.',
    'mail-not-configured': 'This service sends no mails. Ask an admin for help.',
    'access-denied': 'Your account may not do this.',
    'recent-sign-in-required': 'You signed in some time ago. Confirm that it is you to go on.',
    'two-factors-required': 'This needs your second factor.',
    'totp-not-pending': 'This took too long, or too many codes were wrong. Begin again.',
    'last-admin': 'There would be no admin left. Make another person an admin for good first.',
    'session-not-found': 'This session has ended already.',
    'too-many-requests': 'There were too many requests from your network.',
    'internal-error': 'Something went wrong in the service. Try again in a moment.',
    busy: 'The service is busy.',
    'not-ready': 'The service is just starting.',
    'database-unavailable': 'The service is interrupted. Try again in a moment.',
    'request-in-progress': 'The same request is still under way.',
    ...passkeyTexts.problems,
  },

  /** What a page says to the next one. */
  notices: {
    signedOut: 'You are signed out.',
    signedOutHereOnly:
      'You are signed out in this browser. The service could not be reached to end the session.',
    sessionEnded: 'Your session has ended. Sign in again to go on.',
    passwordSet: 'The new password is set. Sign in with it.',
    accountMade: 'Your account is ready. Sign in.',
    nameSaved: 'Your name is saved.',
    passwordChanged: 'Your password is changed, and all other sessions have ended.',
    appAdded: 'Your authenticator app is set up.',
    appRemoved: 'The app is removed, and all other sessions have ended.',
    codesKept: 'The new recovery codes count now.',
    accountDeleted: 'Your account is deleted.',
    serviceAccountDeleted: 'The service account is deleted, and its keys have ended.',
    challengeInvalid: 'This took too long, or too many codes were wrong. Sign in again.',
    ...passkeyTexts.notices,
  },

  passkeys: passkeyTexts,
  invite: inviteTexts,
  signIn: {
    title: 'Sign in',
    submit: 'Sign in',
    forgot: 'Forgotten your password?',
    register: 'Make an account',
    isNew: 'New here?',
  },
  secondFactor: secondFactorTexts,
  register: {
    title: 'Make an account',
    submit: 'Make an account',
    hasAccount: 'Have an account?',
    signIn: 'Sign in',
    closed: 'Accounts are made by invitation here. Ask an admin to invite you.',
  },
  checkMail: {
    title: 'Check your mail',
    sentTo: 'We have sent a mail to',
    register: 'Open the link in it to finish. It works for 24 hours.',
    reset:
      'If there is an account with this address, the mail has a link to set a new password. It works for 30 minutes.',
    nothing: 'No mail after some minutes? Look into the spam folder, and check the address.',
    again: 'Use another address',
    signIn: 'Back to the sign-in',
  },
  verifyEmail: {
    title: 'Confirm your address',
    explain: 'Confirm that this address is yours.',
    submit: 'Confirm',
    password: 'Enter the password that you chose when you made the account.',
    notYours: 'You did not ask for this? Close this page: nothing happens.',
    doneTitle: 'Address confirmed',
    done: 'Your account has this address now:',
    home: 'Go on',
  },
  forgotPassword: {
    title: 'Set a new password',
    explain: 'Enter the address of your account. We send you a link.',
    submit: 'Send the link',
    back: 'Back to the sign-in',
    noMail: 'This service sends no mails. Ask an admin to set a new password for you.',
  },
  resetPassword: {
    title: 'Choose a new password',
    explain: 'All your sessions end, on every device.',
    submit: 'Set the password',
  },
  acceptInvitation: {
    title: 'You are invited',
    explain: 'Choose a name for your account, and how you sign in.',
    submit: 'Make my account',
  },
  firstAdmin: {
    title: 'Set up Latchkey',
    explain: 'There is no admin yet. You become the first one.',
    submit: 'Become the admin',
  },
  stopEmailChange: {
    title: 'Stop the change of address',
    explain:
      'Somebody asked for another address for your account. If it was not you, stop it: the account keeps this address, and all sessions end.',
    submit: 'Stop it, and end all sessions',
    doneTitle: 'Stopped',
    done: 'Your account keeps its address, and all sessions have ended. Set a new password now: the old one may be known to others.',
    taken:
      'All sessions have ended. The address could not be given back: another account has it now. Ask an admin for help.',
    next: 'Set a new password',
  },

  link: linkTexts,
  home: {
    title: 'Your account',
    name: 'Name',
    email: 'Address',
    access: 'Access',
    since: 'Account since',
    signOut: 'Sign out',
  },
  account: accountTexts,
  notFound: {
    title: 'No such page',
    explain: 'There is nothing at this address.',
    home: 'Go to the first page',
  },
  broken: {
    title: 'Something went wrong',
    explain: 'This page has an error. Load it again; if that does not help, tell an admin.',
    reload: 'Load again',
  },
};

export type Texts = typeof texts;
