/**
 * Deleted data leaves the database files, and the -wal file shrinks again.
 *
 * @runs once, on SQLite: it is about nothing else.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import t from 'tap';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { emptyWal } from '#latchkey/db/sqlite/checkpoint.ts';
import { sqlitePath } from '#latchkey/db/sqlite/database-file.ts';
import { type Api, PASSWORD, startApi } from '../../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../../mailbox.ts';
import { until } from '../../until.ts';
import { openAdapter, query } from './open-adapter.ts';

/** Text in the name and the address of every user who will be deleted. */
const MARK = 'zwetschgenkern';

const PEOPLE = 80;

/** Finds a text in the database's files: the database, its journal, and the files beside them. */
async function placesOf(databaseUrl: string, text: string): Promise<string[]> {
  const path = sqlitePath(databaseUrl);
  const names = (await readdir(dirname(path))).filter((name) => name.startsWith(basename(path)));
  const places: string[] = [];
  for (const name of names) {
    const bytes = (await readFile(join(dirname(path), name))).toString('latin1').toLowerCase();
    for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1))
      places.push(`${name}:${at}`);
  }
  return places;
}

/** Invites a user, who accepts and signs in: then every table that can hold a name or an address does. */
async function invite(api: Api, admin: string, n: number): Promise<{ id: string; token: string }> {
  const email = `${MARK}-${n}@example.com`;
  const ask = async (status: number, path: string, body: object, token?: string) => {
    const answer = await api.ask('POST', path, { body, ...(token !== undefined && { token }) });
    if (answer.status !== status) throw new Error(`${path} got ${answer.status}`);
    return answer.body;
  };
  await ask(201, '/invitations', { email, access: 1 }, admin);
  const token = await tokenFor(api, email, 'invitation');
  await ask(201, '/invitations/accept', { token, name: `${MARK} ${n}`, password: PASSWORD });
  const { accessToken } = await ask(200, '/login', { email, password: PASSWORD });
  const { body } = await api.ask('GET', '/me', { token: accessToken });
  return { id: body.id, token: accessToken };
}

t.test('No database file contains deleted users once the -wal file was truncated', async (t) => {
  const api = await startApi(t, { RATE_LIMIT: '0', ...NO_MAIL_SERVER });
  const { accounts } = api.app;
  const admin = (await api.person(2)).token;
  const [first, second] = [await invite(api, admin, 1), await invite(api, admin, 2)];
  for (const { token } of [first, second]) {
    const change = { token, body: { name: `${MARK} the second` } };
    t.equal((await api.ask('PATCH', '/me', change)).status, 200);
  }
  // Many users, so that their rows fill whole pages, and pages are split and merged.
  const ids = [second.id];
  for (let n = 0; n < PEOPLE; n++) {
    const email = `${MARK}-many-${n}@example.com`;
    const data = buildUserRow({ name: `${MARK} ${'x'.repeat(n)}`, email, passwordHash: '', access: 1 });
    await accounts.db.transaction(async (tx) => {
      const { id } = await tx.user.create({ data });
      const requestContext = { ip: '192.0.2.1', userAgent: `${MARK} browser ${n}`, requestId: null };
      const event = { action: 'user.registered', actorId: id, targetId: id, requestContext } as const;
      await accounts.recorder.record(tx, [event]);
      ids.push(id);
    });
  }
  t.ok((await placesOf(api.databaseUrl, MARK)).length > 2 * PEOPLE, 'they are found while they are there');

  t.equal((await api.ask('DELETE', '/me', { token: first.token })).status, 204);
  for (const id of ids) t.equal((await api.ask('DELETE', `/users/${id}`, { token: admin })).status, 204);
  // Recipients of mails are kept for some time.
  await accounts.db.mail.deleteMany({ where: { recipient: { startsWith: MARK } } });
  t.ok((await placesOf(api.databaseUrl, MARK)).length > 0, 'the -wal file still names them');
  await until(() => emptyWal(accounts.db));
  t.strictSame(await placesOf(api.databaseUrl, MARK), []);
});

t.test('The -wal file grows during a long read and shrinks afterwards', async (t) => {
  const { path, adapter } = await openAdapter(t, 'CREATE TABLE "Thing" ("n" INTEGER, "bytes" BLOB)');
  const walSize = async () => (await stat(`${path}-wal`)).size;
  const checkpoint = async () =>
    (await adapter.queryRaw(query('PRAGMA wal_checkpoint(TRUNCATE)'))).rows[0]?.[0];
  const write = async (count: number) => {
    for (let n = 0; n < count; n++)
      await adapter.executeRaw(query('INSERT INTO "Thing" VALUES (?, randomblob(1000000))', n));
  };
  await write(1);
  const reader = new Sqlite(path, { readonly: true });
  const count = reader.prepare('SELECT count(*) FROM "Thing"').pluck();
  reader.exec('BEGIN');
  t.equal(count.get(), 1);
  await write(40);
  t.ok((await walSize()) > 40e6, 'all that was written since it began to read');
  t.equal(await checkpoint(), 1, 'the checkpoint does not wait for it');
  t.equal(count.get(), 1, 'it reads what was there when it began');
  await write(1);
  reader.close();
  await write(10);
  t.ok((await walSize()) <= 16 * 2 ** 20, `${await walSize()} bytes`);
  t.equal(await checkpoint(), 0);
  t.equal(await walSize(), 0);
  t.strictSame((await adapter.queryRaw(query('SELECT count(*) AS "n" FROM "Thing"'))).rows, [[52]]);
});
