import { Type } from 'typebox';
import { User } from '../../accounts/users/schemas.ts';
import { version } from '../../config/index.ts';
import { Ref } from '../../http/schemas.ts';

const Count = (description: string) => Type.Integer({ minimum: 0, description, examples: [1] });

export const ControlPanel = Type.Object(
  {
    users: Type.Object({
      total: Count('all users'),
      byAccess: Type.Array(
        Type.Object({
          access: Type.Integer({ description: 'access level', examples: [1] }),
          accessName: Type.String({ description: 'its name', examples: ['user'] }),
          count: Count('users who hold it'),
        }),
      ),
      disabled: Count('users who cannot sign in'),
      newest: Type.Array(Ref(User), { description: 'at most 10, newest first' }),
    }),
    signIns: Type.Array(
      Type.Object({
        hour: Type.String({
          format: 'date-time',
          description: 'its beginning',
          examples: ['2026-01-31T12:00:00.000Z'],
        }),
        succeeded: Count('sign-ins'),
        failed: Count('wrong passwords and unknown addresses; counted within 10 minutes'),
        denied: Count(
          'requests that were answered with 403, but for wrong passwords: `access.denied` of the audit; counted within 10 minutes',
        ),
      }),
      { description: 'the last 24 hours, oldest first; the last hour is not over yet' },
    ),
    activeSessions: Count('sessions that have not ended, when they were counted'),
    activeSessionsAsOf: Type.String({
      format: 'date-time',
      description: 'when the sessions were counted: some seconds ago where there are tens of thousands',
      examples: ['2026-01-31T12:00:00.000Z'],
    }),
    pendingRegistrations: Count('registrations whose address is not confirmed yet'),
    pendingInvitations: Count('invitations that are not accepted yet'),
    undeliveredMails: Count('mails that wait for the mail server'),
    withoutSecondFactor: Count(
      'people without a second factor at or above SECOND_FACTOR_FROM, or admins where it is not set; of the 1,000 people with the highest levels',
    ),
    version: Type.String({ description: 'of Latchkey', examples: [version] }),
    uptime: Type.Integer({ description: 'of the process, in seconds', examples: [3600] }),
    database: Type.Enum(['sqlite', 'postgresql'], { examples: ['sqlite'] }),
  },
  { description: 'The service at a glance.' },
);
