/** The migration `*_people` on a database with users and sessions: all users stay, and stay signed in. */
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import argon2 from 'argon2';
import t from 'tap';
import { emailKey, nameKey } from '#latchkey/accounts/users/sort-keys.ts';
import { type Db, databaseKind } from '#latchkey/db/client.ts';
import { migrate } from '#latchkey/db/migrations/migrate.ts';
import { migrationsFolder } from '#latchkey/db/migrations/read-migrations.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { newId } from '#latchkey/lib/id.ts';
import { createDatabase, type Scope } from '../database.ts';
import { PASSWORD, startApi } from '../helper.ts';

const SECRET = 'the secret of these tests, which is long enough';
const DAY = 24 * 60 * 60 * 1000;

/**
 * Users as the previous version stored them, in the order of their keys: without case and accents, a shorter
 * name first.
 */
const names = [
  'ADA King',
  'ada lovelace',
  'Ada Lovelace',
  'Élodie',
  'elodie b.',
  'Istanbul',
  'Miles O\'Brien; DROP TABLE "User" --',
  'Zoë',
  'zoe z.',
  '李小龍',
];

interface OldUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly access: number;
  readonly disabled: boolean;
  readonly generation: number;
  readonly epoch: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Database as the previous version left it. */
async function migratedUpToPeople(t: Scope): Promise<string> {
  const { url } = await createDatabase(t);
  const folder = migrationsFolder(databaseKind(url));
  const before = await mkdtemp(join(tmpdir(), 'latchkey-migrations-'));
  t.teardown(() => rm(before, { recursive: true }));
  const entries = (await readdir(folder)).sort();
  const people = entries.findIndex((name) => name.endsWith('_people'));
  const kept = entries.filter((name, index) => index < people || name.endsWith('.toml'));
  for (const name of kept) await cp(join(folder, name), join(before, name), { recursive: true });
  const { applied } = await migrate(url, before);
  if (applied.length !== 2) throw new Error(`There were two migrations before it, not ${applied}`);
  return url;
}

async function insertUser(db: Db, name: string, index: number, passwordHash: string): Promise<OldUser> {
  const createdAt = new Date(Date.UTC(2026, 0, 1 + index, 12, 34, 56, 789));
  const user = {
    id: newId(),
    name,
    email: `o'hara+${index}_%@example.com`,
    access: index % 3,
    disabled: index === 3,
    generation: index,
    epoch: index * 2,
    createdAt,
    updatedAt: new Date(createdAt.getTime() + DAY),
  };
  const { id, email, access, disabled, generation, epoch, updatedAt } = user;
  await db.raw.execute`
    INSERT INTO "User" (id, name, email, "passwordHash", access, disabled, generation, epoch, "createdAt", "updatedAt")
    VALUES (${id}, ${name}, ${email}, ${passwordHash}, ${access}, ${disabled}, ${generation}, ${epoch}, ${createdAt}, ${updatedAt})`;
  return user;
}

async function insertSession(db: Db, { id: userId, epoch }: OldUser): Promise<string> {
  const [id, now, later] = [randomUUID(), new Date(Date.now() - 1000), new Date(Date.now() + DAY)];
  await db.raw.execute`
    INSERT INTO "Session" (id, "userId", epoch, rotation, "rotatedAt", "accessCap", "authenticatedAt", "createdAt", "idleUntil", "expiresAt", ip, "userAgent")
    VALUES (${id}, ${userId}, ${epoch}, 7, ${now}, NULL, ${now}, ${now}, ${later}, ${later}, '192.0.2.1', 'old')`;
  return id;
}

const passwordHash = await argon2.hash(PASSWORD, { memoryCost: 1024, timeCost: 2, parallelism: 1 });
const url = await migratedUpToPeople(t);
const old = openDatabase(url);
const users: OldUser[] = [];
for (const [index, name] of names.entries()) users.push(await insertUser(old.db, name, index, passwordHash));
const sessions: { readonly id: string; readonly user: OldUser }[] = [];
for (const user of [...users, ...users]) sessions.push({ id: await insertSession(old.db, user), user });
/** The columns that a session had before the people migration. */
const columns = {
  ...{ id: true, userId: true, epoch: true, rotation: true, rotatedAt: true, accessCap: true },
  ...{ authenticatedAt: true, createdAt: true, idleUntil: true, expiresAt: true, ip: true, userAgent: true },
};
const sessionRows = () => old.db.session.findMany({ orderBy: { id: 'asc' }, select: columns });
const sessionsBefore = await sessionRows();
t.teardown(() => old.close());

t.test(
  'The people migration loses and alters no user and no session, and fills the new columns',
  async (t) => {
    const { applied } = await migrate(url);
    t.match(applied[0], /_people$/);
    const rows = await old.db.user.findMany({ orderBy: { createdAt: 'asc' } });
    t.strictSame(
      rows.map(({ nameKey: _, ...row }) => row),
      users.map(({ email, access, ...user }) => ({
        ...user,
        email,
        emailKey: emailKey(email),
        passwordHash,
        access,
        permanentAccess: access,
        accessUntil: null,
        secondFactor: false,
        externalId: null,
        kind: 'person',
      })),
    );
    t.strictSame(
      rows.filter(({ name }) => /^[ -~]+$/.test(name)).map((row) => row.nameKey),
      users.filter(({ name }) => /^[ -~]+$/.test(name)).map(({ name, id }) => nameKey(name, id)),
      'names that SQL can fold',
    );
    t.strictSame(await sessionRows(), sessionsBefore);
    t.equal(sessionsBefore.length, 2 * names.length);
  },
);

t.test('Rows still refer to each other after the people migration', async (t) => {
  if (databaseKind(url) === 'sqlite') t.strictSame(await old.db.raw.query`PRAGMA foreign_key_check`, []);
  const { id } = await old.db.user.findUniqueOrThrow({ where: { email: users[0]!.email } });
  const orphan = old.db.session.update({ where: { id: sessions[0]!.id }, data: { userId: randomUUID() } });
  await t.rejects(orphan, 'a session needs a user');
  t.equal(await old.db.session.count({ where: { userId: id } }), 2);
  await t.rejects(
    old.db.user.update({ where: { id }, data: { email: users[1]!.email } }),
    'an address is one user’s',
  );
});

t.test('The next start after the people migration computes the keys of all names', async (t) => {
  const { app } = await startApi(t, { DATABASE_URL: url, SECRET });
  const rows = await old.db.user.findMany({ orderBy: { nameKey: 'asc' } });
  t.strictSame(
    rows.map((row) => row.nameKey),
    rows.map(({ name, id }) => nameKey(name, id)),
  );
  t.strictSame(
    rows.map(({ name }) => name),
    names,
  );
  await app.close();
});

t.test('Every user can sign in and continue an old session after the people migration', async (t) => {
  const { app, ask } = await startApi(t, { DATABASE_URL: url, SECRET });
  for (const { disabled, email } of users) {
    const { status } = await ask('POST', '/login', {
      body: { email: email.toUpperCase(), password: PASSWORD },
    });
    t.equal(status, disabled ? 401 : 200, email);
  }
  for (const { id, user } of sessions) {
    const refreshToken = app.refreshTokens.write({ sessionId: id, rotation: 7 });
    const { status, body } = await ask('POST', '/refresh', { body: { refreshToken } });
    t.equal(status, user.disabled ? 401 : 200, user.email);
    if (status !== 200) continue;
    const me = await ask('GET', '/me', { token: body.accessToken });
    t.match(me.body, { id: user.id, name: user.name, email: user.email, access: user.access });
  }
  const admin = users.find(({ access }) => access === 2);
  const { body } = await ask('POST', '/login', { body: { email: admin?.email, password: PASSWORD } });
  const token = body.accessToken;
  const list = await ask('GET', '/users?limit=100', { token });
  t.strictSame(
    list.body.users.map(({ id, name, email }: OldUser) => ({ id, name, email })),
    users.map(({ id, name, email }) => ({ id, name, email })),
  );
  const own = await ask('GET', '/me/sessions', { token });
  t.equal(own.body.sessions.length, 4, 'two of before, and two sign-ins');
});
