import { type AuditAction, actions } from '#latchkey/audit/event.ts';
import { code, type Parts, table } from './fill-in.ts';

/** A target of events, and when each is written. TypeScript requires a text for every action. */
const meanings = {
  'user.registered': ['user', 'A person registered. With a mail server: the address was confirmed.'],
  'user.created': ['user', 'An account was made by an admin, a command, an import or an invitation.'],
  'user.name-changed': ['user', 'The name has changed.'],
  'user.email-changed': ['user', 'The user confirmed another address.'],
  'user.email-change-stopped': ['user', 'The owner of the old address stopped a change of address.'],
  'user.password-changed': ['user', 'The user set a new password and gave the current one.'],
  'user.password-reset': ['user', 'A new password was set with the token of a mail, or by a command.'],
  'user.access-changed': ['user', 'The user has another access level, permanently or for a limited time.'],
  'user.elevation-expired': ['user', 'A level with a time limit has ended.'],
  'user.disabled': ['user', 'The user can no longer sign in.'],
  'user.enabled': ['user', 'The user can sign in again.'],
  'user.deleted': ['user', 'The account was deleted, and the personal data in its events.'],
  'authenticator.added': ['user', 'The user added an authenticator app or a passkey.'],
  'authenticator.removed': [
    'user',
    'An authenticator app, a passkey, or all with the recovery codes are gone.',
  ],
  'authenticator.renamed': ['user', 'The user gave a passkey another name.'],
  'passkey.counter-fell': [
    'user',
    'The counter of a passkey fell back, so there may be a copy of it. It was refused.',
  ],
  'recovery-codes.renewed': ['user', 'The user made new recovery codes. Those of before are void.'],
  'session.opened': ['user', 'The user signed in.'],
  'session.reauthenticated': ['user', 'The user proved again who they are, in a session.'],
  'session.continued-elsewhere': ['user', 'A refresh token was repeated from another network.'],
  'session.ended': ['user', 'Sessions ended: signed out, ended by an admin, or over the limit.'],
  'session.reuse-detected': ['user', 'A used refresh token was sent again, so its session has ended.'],
  'sign-in.failed': [
    'user',
    'A password, a passkey or a mailed code was wrong. The target is null for an unknown address.',
  ],
  'second-factor.failed': ['user', 'A code or a recovery code was wrong, after the right password.'],
  'recovery-code.used': ['user', 'A recovery code was used up.'],
  'access.denied': ['none', 'A request was answered with 403. `after` has its route and problem.'],
  'invitation.created': ['invitation', 'An invitation was made.'],
  'invitation.resent': ['invitation', 'An invitation was mailed again, with a new token.'],
  'invitation.revoked': [
    'invitation',
    'An invitation was withdrawn, or ended with the rights of its inviter.',
  ],
  'invitation.accepted': ['invitation', 'A person accepted an invitation and has an account.'],
  'api-key.created': ['user', 'An API key was made, for oneself or for a service account.'],
  'api-key.ended': [
    'user',
    'An API key was ended, by its owner, an admin or an operator, or with all sessions of its owner.',
  ],
  'key.added': ['key', 'The service started with a signing key that it had not seen.'],
  'key.removed': ['key', 'The service started without a signing key that it had before.'],
  'level.added': ['level', '`ACCESS_LEVELS` has a new level.'],
  'level.removed': ['level', '`ACCESS_LEVELS` lacks a level that it had before.'],
  'relying-party.changed': ['none', 'The service started with another `RP_ID`.'],
  'database.restored': ['none', 'A backup was restored, and every session has ended.'],
  'audit.macs-required': ['none', 'From the time in `after` on, events without a MAC are not sealed.'],
} satisfies Readonly<Record<AuditAction, readonly [target: string, meaning: string]>>;

/** The table of the actions, in the order of the code. */
export function describeAuditEvents(): Parts {
  const rows = actions.map((action) => {
    const [target, meaning] = meanings[action];
    return [code(action), target, meaning];
  });
  return { actions: table(['action', 'target', 'meaning'], rows) };
}
