/** Texts of the screen: invitations. */
export const invitationsTexts = {
  title: 'Invitations',
  caption: 'Invitations that are not accepted yet',
  invite: 'Invite a person',
  empty: 'No invitation is open.',
  columns: {
    email: 'Address',
    level: 'Level',
    by: 'Invited by',
    when: 'Invited',
    until: 'Valid until',
    actions: 'Actions',
  },
  expired: 'Expired',
  resend: 'Send again',
  resendOf: (email: string) => `Send again to ${email}`,
  revoke: 'Take back',
  revokeOf: (email: string) => `Take back the invitation of ${email}`,
  waiting: (count: number) =>
    count === 1
      ? '1 mail of this service waits for the mail server. It is sent as soon as the server takes it.'
      : `${count} mails of this service wait for the mail server. They are sent as soon as the server takes them.`,
  noMail:
    'This service sends no mails. A link that is lost is not shown again: take the invitation back, and make another one.',
  outcomes: {
    resent: (email: string) => `A mail with a new link goes to ${email}. The link before it no longer works.`,
    'not-resent': (email: string) =>
      `${email} has got as many mails as it may within an hour. No mail was sent, and the last link still works.`,
    revoked: (email: string) => `The invitation of ${email} is taken back. Its link no longer works.`,
    gone: (email: string) => `The invitation of ${email} was accepted or taken back meanwhile.`,
  },
  again: 'Invite again',
  dialog: {
    title: 'Take the invitation back',
    explain: 'The link of this person no longer works:',
    submit: 'Take it back',
  },
};
