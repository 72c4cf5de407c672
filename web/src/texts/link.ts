/** A mail's link that does not work (any more), and the next step. */
export const linkTexts = {
  title: 'This link does not work',
  otherAccount: 'You are signed in here. If this link is for another account, that one takes its place.',
  missing: 'The link is not complete, or the page was loaded again. Open the link in your mail once more.',
  used: 'It was used, it has expired, or a newer mail has replaced it.',
  next: {
    verifyEmail: 'If you have confirmed already, just sign in. Otherwise make the account again.',
    resetPassword: 'Ask for a new link. It works for 30 minutes.',
    acceptInvitation: 'If you have accepted already, just sign in. Otherwise ask for another invitation.',
    firstAdmin: 'If there is an admin, sign in. Otherwise start the service again: it prints a new link.',
    stopEmailChange:
      'If you do not know who changed your account, set a new password and ask an admin for help.',
  },
  signIn: 'Sign in',
  newLink: 'Ask for a new link',
  register: 'Make an account',
};
