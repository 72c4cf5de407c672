/** The texts about passkeys, recovery codes, second factors and codes by mail. */
export const passkeyTexts = {
  /** The reasons why the browser has given no passkey: `PasskeyError` of the client. */
  errors: {
    cancelled: 'No passkey was used. Try again, or choose another way.',
    aborted: 'No passkey was used. Try again, or choose another way.',
    'already-registered': 'This device has a passkey of your account already.',
    'not-supported': 'This browser or device cannot do this with a passkey. Choose another way.',
    'wrong-site':
      'Passkeys do not work at this address. Open these pages at the usual address of the service.',
    'mail-code-required': 'A code was sent by mail. It is needed to add the passkey.',
    failed: 'The passkey could not be used. Try again, or choose another way.',
  },

  problems: {
    'passkey-not-accepted':
      'This passkey was not accepted. It may have been removed from the account: use another one, or another way.',
    'passkey-invalid': 'This passkey cannot be used here. Try again, or use another device.',
    'passkey-exists': 'This passkey belongs to an account already.',
    'passkeys-not-available': 'There are no passkeys here.',
    'too-many-passkeys': 'Your account has as many passkeys as it can have. Remove one first.',
    'last-authenticator':
      'Nothing else signs in to your account, so this stays. Add another passkey, or set a password first.',
    'invitation-exists': 'This address has an invitation already.',
    'sign-in-method-off': 'This way to sign in is off here.',
    'same-origin-required':
      'The browser or a proxy did not say that this request comes from these pages. Open them at the usual address of the service.',
    'cookies-need-https':
      'Signing in with a browser needs an address that begins with https. Open these pages there, or ask the people who run the service to set it up.',
  },

  notices: {
    codeInvalid: 'This code is no longer valid, or too many were wrong. Ask for a new one.',
    passkeyAdded: 'The passkey is added. You can sign in with it.',
    passkeyRemoved: 'The passkey is removed here. Remove it from your device or password manager too.',
  },

  signIn: {
    or: 'or',
    passkey: 'Sign in with a passkey',
    mailCode: 'Get a code by mail',
    onlyPasskeys: 'Passkeys are the way to sign in here.',
    noPasskeys: 'This browser cannot use passkeys at this address. Use another browser or device.',
  },

  mailCode: {
    title: 'Sign in by mail',
    explain: 'Enter the address of your account. We send you a code.',
    submit: 'Send the code',
    codeTitle: 'Check your mail',
    sentTo: 'If there is an account with this address, a mail with a code is on its way:',
    enter: 'Enter the code here, in this window. It works nowhere else, for 10 minutes.',
    hint: '8 digits',
    signIn: 'Sign in',
    again: 'Send another code',
    back: 'Sign in another way',
  },

  register: {
    withPasskey: 'Make an account with a passkey',
    usePasskey: 'Use a passkey in place of a password',
    usePassword: 'Use a password in place of a passkey',
    explain:
      'Your device asks for your fingerprint, face or PIN. There is no password that others could steal.',
    checkMail:
      'Open the link in it with a browser that has your passkey, and confirm with the passkey. It works for 24 hours.',
  },

  verifyEmail: {
    explain: 'Confirm with the passkey that you made the account with.',
    submit: 'Confirm with the passkey',
  },

  /** After an account was made with a passkey. */
  ready: {
    title: 'Your account is ready',
    explain: 'Sign in with your passkey.',
  },

  account: {
    title: 'Passkeys',
    explain:
      'A passkey signs you in with the fingerprint, face or PIN of your device, or with a security key. It works only at this address, so that a copied page cannot steal it.',
    none: 'You have no passkey yet.',
    synced: 'Synced',
    syncedHint: 'It can be on all your devices',
    notSynced: 'On one device',
    created: 'Added',
    lastUsed: 'Last used',
    never: 'never',
    rename: 'Rename',
    renameOf: (name: string) => `Rename ${name}`,
    save: 'Save',
    remove: 'Remove',
    removeOf: (name: string) => `Remove ${name}`,
    removeExplain:
      'It no longer signs in. If it is your only second factor, the recovery codes go with it, and your other sessions end.',
    removeSubmit: 'Remove it',
    cancel: 'Cancel',
    addTitle: 'Add a passkey',
    add: 'Add a passkey',
    name: 'Name of the passkey',
    nameHint: 'For your list, such as “Blue security key”. You can leave it empty.',
    mailCode: 'We have sent a code to your address. Enter it to add the passkey.',
    mailCodeSubmit: 'Go on',
    noPasskeys: 'This browser cannot make passkeys at this address.',
    back: 'Back to your account',
  },
};

export const secondFactorTexts = {
  title: 'Second step',
  explain: {
    passkey: 'Use a passkey of your account to go on.',
    totp: 'Open your authenticator app and enter the code that it shows.',
    recoveryCode: 'Enter one of the recovery codes that you saved. Each works once.',
  },
  /** In a browser that can use none of the second factors. */
  none: 'This browser cannot use the passkeys of your account. Use another browser or device.',
  submit: { passkey: 'Use a passkey', totp: 'Go on', recoveryCode: 'Go on' },
  use: {
    passkey: 'Use a passkey',
    totp: 'Use the authenticator app',
    recoveryCode: 'Use a recovery code',
  },
  codeHint: '6 digits',
  back: 'Sign in with another account',
};

export const inviteTexts = {
  link: 'Invite a person',
  title: 'Invite a person',
  explain: 'We send a link to the address. Its owner makes an account with it.',
  nameHint: 'A suggestion: the person can choose another one. You may leave it empty.',
  levelOfNewUsers: 'That of new users',
  back: 'All invitations',
  submit: 'Send the invitation',
  explainLink:
    'This service sends no mails. You get a link to hand over: its owner makes an account with it.',
  submitLink: 'Make a link',
  linkTitle: 'Hand over this link',
  linkFor: 'It is shown only now. Give it only to',
  sentTitle: 'The invitation is on its way',
  sentTo: 'A mail with the link goes to',
  next: 'The link works for 7 days, and once.',
  another: 'Invite another person',
};
