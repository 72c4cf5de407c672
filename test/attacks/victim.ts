/** A user who has one of each kind of thing, and snapshots of the database. */
import { newId } from '#latchkey/lib/id.ts';
import { addPasskey } from '../accounts/authenticator.ts';
import type { Api, Person } from '../helper.ts';

export interface Victim extends Person {
  /** Ids of the things of the victim, by kind. */
  readonly ids: Readonly<Record<'user' | 'session' | 'passkey' | 'invitation' | 'event' | 'apiKey', string>>;
  /** Data that only the victim and admins may read. */
  readonly secrets: readonly string[];
}

const DAY = 86_400_000;
let victims = 0;

/** Creates a user with a passkey, a second session and a sent invitation. Both sessions have two factors. */
export async function newVictim(api: Api, access = 1): Promise<Victim> {
  const { app, person, sessionToken } = api;
  const { db } = app.accounts;
  const somebody = await person(access, 'Vera Victim');
  await sessionToken(somebody.id);
  const ip = `198.51.100.${++victims}`;
  const twoFactors = { amr: 'pwd swk user', secondFactorAt: new Date() };
  await db.session.updateMany({ where: { userId: somebody.id }, data: { ip, ...twoFactors } });
  await addPasskey(api, somebody.id);
  const { id: passkey } = await db.passkey.findFirstOrThrow({ where: { userId: somebody.id } });
  const { id: session } = await db.session.findFirstOrThrow({
    where: { userId: somebody.id },
    orderBy: { id: 'desc' },
  });
  const guest = `guest-of-${somebody.id}@example.com`;
  const { id: invitation } = await db.invitation.create({
    data: {
      id: newId(),
      tokenHash: `hash-${somebody.id}`,
      email: guest,
      name: null,
      access: 0,
      inviterId: somebody.id,
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + DAY),
    },
  });
  const { id: apiKey } = await db.apiKey.create({
    data: {
      id: newId(),
      userId: somebody.id,
      name: 'of Vera',
      hash: `hash-${somebody.id}`,
      access: 0,
      standsForSignIn: false,
      epoch: 0,
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + DAY),
    },
  });
  const { id: event } = await db.auditEvent.findFirstOrThrow({ where: { targetId: somebody.id } });
  const sessions = await db.session.findMany({ where: { userId: somebody.id } });
  return {
    ...somebody,
    ids: { user: somebody.id, session, passkey, invitation, event, apiKey },
    secrets: [somebody.email, guest, ip, 'of Vera', ...sessions.map(({ id }) => id)],
  };
}

/**
 * Takes a snapshot of all rows of users and of their things. Two snapshots are equal when nothing changed in
 * between.
 */
export async function snapshot({ app }: Api) {
  const { db } = app.accounts;
  const orderBy = { id: 'asc' } as const;
  return {
    users: await db.user.findMany({ orderBy }),
    sessions: await db.session.findMany({ orderBy }),
    passkeys: await db.passkey.findMany({ orderBy }),
    apiKeys: await db.apiKey.findMany({ orderBy }),
    invitations: await db.invitation.findMany({ orderBy }),
    registrations: await db.registration.findMany({ orderBy }),
    emailChanges: await db.emailChange.findMany({ orderBy }),
    passwordResets: await db.passwordReset.findMany({ orderBy }),
    mails: await db.mail.findMany({ orderBy }),
    revocations: await db.revocation.findMany({ orderBy }),
  };
}
