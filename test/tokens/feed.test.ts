/** Tests what a reader of the feed gets, whichever process answers and whenever a transaction commits. */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { invalidateCredentialsAfterRestore } from '#latchkey/accounts/transfer/after-restore.ts';
import { importUsers } from '#latchkey/accounts/transfer/import.ts';
import { readDatabaseId } from '#latchkey/db/database-id.ts';
import { TRANSACTION_MAX_WAIT_MS, TRANSACTION_TIMEOUT_MS } from '#latchkey/db/transaction.ts';
import { readFeed } from '#latchkey/tokens/feed.ts';
import { CURSOR_PATTERN, type FeedPosition, readCursor, writeCursor } from '#latchkey/tokens/feed-cursor.ts';
import type { FeedEntry } from '#latchkey/tokens/feed-entry.schemas.ts';
import { FeedReaders, READING_INTERVAL_MS } from '#latchkey/tokens/feed-readers.ts';
import { OVERLAP_MS } from '#latchkey/tokens/poll-clock.ts';
import { RETENTION_MS } from '#latchkey/tokens/revocation-map.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { open } from '../accounts/client.ts';
import { startApi } from '../helper.ts';
import { listenToStatements } from '../statements.ts';
import { until } from '../until.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DATABASE = 'abcdefghijklmnop';

const statements = listenToStatements();
const api = await startApi(t);
const { app, ask } = api;
const { db, now } = app.accounts;
const { control } = app.database;
const admin = await api.person(2);

/** The revocations of another process on the same database. Only the test polls them. */
async function otherProcess(clock = now): Promise<RevocationFeed> {
  const feed = new RevocationFeed({ db, control, now: clock });
  await feed.poll();
  return feed;
}

/** Writes the row of a session's revocation. @param age milliseconds */
async function writeRow(age = 0): Promise<string> {
  const sessionId = randomUUID();
  await db.revocation.create({
    data: { sessionId, createdAt: new Date((await now(db)).getTime() - age) },
  });
  return sessionId;
}

const idsOf = (entries: readonly FeedEntry[]) => entries.flatMap((entry) => ('id' in entry ? entry.id : []));

/** Reads until nothing is missing, each page from the next process, and at last from the last one. */
function readAll(sources: readonly RevocationFeed[], from?: FeedPosition, pageEntries?: number) {
  const ids = new Set<string>();
  let [position, isComplete, hasResync, pages] = [from, false, false, 0];
  while (!isComplete) {
    const source = sources[Math.min(pages, sources.length - 1)]!;
    const page = readFeed(source, DATABASE, position, pageEntries);
    for (const id of idsOf(page.entries)) ids.add(id);
    // As a reader sends it.
    position = readCursor(writeCursor(page.position));
    hasResync ||= page.resync;
    isComplete = page.complete;
    if (++pages > 1_000) throw new Error('It never ends');
  }
  return { ids, position: position!, hasResync, pages };
}

const feed = (query = '', token = admin.token) => ask('GET', `/revocations${query}`, { token });

t.beforeEach(() => db.revocation.deleteMany());

t.test('Admins read the feed: demotions, sign-outs and everything before a time', async (t) => {
  t.equal((await ask('GET', '/revocations')).status, 401);
  t.equal((await feed('', (await api.person(1)).token)).status, 403);
  const { body: first } = await feed();
  t.equal(first.complete, true);
  t.equal(first.resync, false);
  t.strictSame(
    first.kids,
    app.keys.verification.map(({ kid }) => kid),
  );
  t.strictSame(
    first.levels.map(({ name }: { name: string }) => name),
    ['guest', 'user', 'admin'],
  );
  t.equal(first.secondFactor, null);
  t.ok(Math.abs(first.time - Date.now()) < 5 * SECOND_MS);

  const person = await api.person(1);
  const { sessionId } = await open(api, person.id);
  await ask('PATCH', `/users/${person.id}`, { token: admin.token, body: { access: 0 } });
  const demoted = (await feed(`?after=${first.cursor}`)).body;
  const { generation } = await db.user.findUniqueOrThrow({ where: { id: person.id } });
  t.match(demoted.entries, [{ kind: 'user', id: person.id, generation }]);
  t.ok(
    demoted.entries[0].until >= Math.floor((Date.now() + RETENTION_MS) / 1000) - 5,
    'until no token lives',
  );

  await db.session.delete({ where: { id: sessionId } });
  app.revocations.apply([{ sessionId, lastIssuedAt: null }], new Date());
  const signedOut = (await feed(`?after=${demoted.cursor}`)).body;
  t.match(signedOut.entries, [{ kind: 'session', id: sessionId }]);
  t.strictSame((await feed(`?after=${signedOut.cursor}`)).body.entries, []);
});

t.test('A cursor has one form, and a reader who sends another text is told so', async (t) => {
  t.equal((await feed('?after=nonsense')).status, 400);
  t.equal((await feed('?wait=2')).status, 400);
  t.match((await feed()).body.cursor, new RegExp(CURSOR_PATTERN));
});

t.test('The overlap is larger than the sum of all timeouts of a transaction', async (t) => {
  t.ok(OVERLAP_MS > TRANSACTION_MAX_WAIT_MS + TRANSACTION_TIMEOUT_MS + 10 * SECOND_MS);
});

// SQLite has one writer: no row is visible before another one that was written later.
if (app.databaseKind === 'postgresql')
  t.test('A row that is committed late is behind no cursor, in any process', async (t) => {
    const [own, other] = [await otherProcess(), await otherProcess()];
    const late: string[] = [];
    let commit = () => {};
    const gate = new Promise<void>((resolve) => {
      commit = resolve;
    });
    // Three transactions that have written and dated their rows, and are open.
    const held = [1, 2, 3].map(() =>
      db.transaction(async (tx) => {
        const sessionId = randomUUID();
        await tx.revocation.create({ data: { sessionId, createdAt: await now(tx) } });
        late.push(sessionId);
        await gate;
      }),
    );
    await until(() => late.length === 3);
    const early = await writeRow();
    await own.poll();
    const read = readAll([own]);
    t.strictSame([...read.ids], [early], 'what is committed, although it is dated later');
    commit();
    await Promise.all(held);
    for (const source of [own, other]) {
      await source.poll();
      const rest = readAll([source], read.position);
      for (const id of late) t.ok(rest.ids.has(id), 'what is committed behind the cursor');
      t.notOk(rest.hasResync);
    }
  });

t.test(
  'The same process answers the exact rest, another one what is not older than the overlap',
  async (t) => {
    const [own, other] = [await otherProcess(), await otherProcess()];
    const { position } = readAll([own]);
    const [old, recent] = [
      await writeRow(OVERLAP_MS + 5 * SECOND_MS),
      await writeRow(OVERLAP_MS - 5 * SECOND_MS),
    ];
    const fresh = await writeRow();
    const third = await otherProcess();
    await own.poll();
    t.strictSame(
      [...readAll([own], position).ids].sort(),
      [recent, fresh].sort(),
      'as far as its polls reach',
    );
    const rest = readAll([third], position);
    t.ok(rest.ids.has(fresh) && rest.ids.has(recent));
    t.notOk(rest.ids.has(old));
    t.strictSame([...readAll([third], rest.position).ids], []);
    await other.poll();
    t.notOk(readAll([other], position).hasResync);
  },
);

t.test(
  'Another database, a clock that was set back, and a cursor older than the memory: resync',
  async (t) => {
    const own = await otherProcess();
    const { position } = readAll([own]);
    const sid = await writeRow();
    await own.poll();
    const resyncs = (of: Partial<FeedPosition>, source = own) => {
      const { ids, hasResync } = readAll([source], { ...position, ...of });
      t.ok(ids.has(sid), 'everything is answered');
      return hasResync;
    };
    t.notOk(resyncs({}));
    t.ok(resyncs({ databaseId: 'ponmlkjihgfedcba' }));
    t.ok(resyncs({ time: position.time - RETENTION_MS - MINUTE_MS }));
    t.ok(resyncs({ logId: 'anotherlog12', time: position.time + MINUTE_MS + OVERLAP_MS }), 'of the future');
    t.ok(
      resyncs({ number: position.number + 100, time: position.time + 2 * MINUTE_MS }),
      'a number of the future',
    );
    t.ok(resyncs({ scan: { since: 0, pages: 2, next: 2 } }), 'a page that there is not');

    let offset = 0;
    const clock: typeof now = async (tx) => new Date((await now(tx)).getTime() + offset);
    const set = await otherProcess(clock);
    const before = readAll([set]).position;
    offset = -10 * MINUTE_MS;
    await set.poll();
    offset = 0;
    await set.poll();
    t.ok(resyncs({ ...before, logId: 'anotherlog12' }, set), 'times of before the clock was set back');
  },
);

t.test('Pages of several processes together miss nothing', async (t) => {
  const written: string[] = [];
  for (let n = 0; n < 40; n++) written.push(await writeRow(n * MINUTE_MS));
  // The stale one has polled before: it does not know the latest rows yet.
  const stale = await otherProcess();
  const latest: string[] = [];
  for (let n = 0; n < 20; n++) latest.push(await writeRow());
  const [own, other] = [await otherProcess(), await otherProcess()];
  const all = [...written, ...latest].sort();
  t.strictSame([...readAll([own], undefined, 7).ids].sort(), all, 'of one process');
  const found = readAll([own, stale, other], undefined, 21);
  t.ok(found.pages > 3, `${found.pages} pages`);
  t.strictSame([...found.ids].sort(), all, 'what the stale one did not know comes after the last page');
});

t.test('A reader who is far behind in the log gets entries by their date', async (t) => {
  const own = await otherProcess();
  const { position } = readAll([own]);
  const date = await now(db);
  const ids = Array.from({ length: 25_000 }, () => randomUUID());
  own.apply(
    ids.map((sessionId) => ({ sessionId, lastIssuedAt: null })),
    date,
  );
  const { ids: found, hasResync } = readAll([own], position);
  t.equal(found.size, 25_000);
  t.notOk(hasResync);
});

t.test('A restore, an import and a new id of the database make readers begin anew', async (t) => {
  const options = {
    isDryRun: false,
    onProblem: async (line: number, problems: readonly string[]) => void t.fail(`line ${line}: ${problems}`),
    onProgress: () => {},
  };
  const person = (n: number) => `{"name":"Imported","email":"imported-${n}@example.com","access":1}`;
  const batches = Array.from({ length: 600 }, (_, n) => person(n + 1));
  const renewals: readonly (() => Promise<unknown>)[] = [
    () => invalidateCredentialsAfterRestore(app.accounts),
    () => importUsers(app.accounts, lines(person(0)), options),
    // It ends before the second batch.
    () => t.rejects(importUsers(app.accounts, cutOff(lines(...batches)), options), /cut off/),
  ];
  for (const renew of renewals) {
    const reader = await api.person(2);
    const { cursor } = (await feed('', reader.token)).body;
    const before = await readDatabaseId(control);
    await renew();
    t.not(await readDatabaseId(control), before);
    const { token } = await api.person(2);
    await until(async () => (await feed(`?after=${cursor}`, token)).body.resync);
    const again = (await feed(`?after=${cursor}`, token)).body;
    t.ok(again.complete);
    t.equal((await feed(`?after=${again.cursor}`, token)).body.resync, false);
  }
});

t.test('asOf dates an answer by its poll, and a suspended machine makes it older', async (t) => {
  const other = await otherProcess();
  const readers = new FeedReaders(other, { control });
  t.teardown(() => readers.close());
  const first = await readers.read(undefined, false);
  t.ok(first.asOf <= 0 || first.asOf < SECOND_MS);
  const held = await readers.read(first.position, true);
  t.ok(held.asOf > 0, 'a held request is answered after a later poll');
  const { asOf } = await readers.read(held.position, false);
  t.ok(asOf <= 0, 'an answer at once rests on a poll of before');
  t.ok(asOf > -2 * READING_INTERVAL_MS - SECOND_MS);
  await other.poll();
  t.ok(other.isFresh);
  const wall = Date.now;
  let suspended = 3 * SECOND_MS;
  Date.now = () => wall() + suspended;
  t.teardown(() => {
    Date.now = wall;
  });
  t.notOk(other.isFresh, 'the guard of Latchkey itself no longer trusts its memory');
  suspended = MINUTE_MS;
  other.poll = async () => {};
  const stale = await readers.read(held.position, false);
  t.ok(stale.asOf <= -MINUTE_MS, 'the wall clock went on while the monotonic one stood still');
});

t.test('A thousand readers who wait share the polls of the database', async (t) => {
  const other = await otherProcess();
  const readers = new FeedReaders(other, { control });
  t.teardown(() => readers.close());
  const { position } = await readers.read(undefined, false);
  let polls = 0;
  const poll = other.poll.bind(other);
  other.poll = () => {
    polls++;
    return poll();
  };
  const waiting = Array.from({ length: 1_000 }, () => readers.read(position, true));
  t.equal(readers.waiting, 1_000);
  const sent = statements.length;
  const sid = await writeRow();
  for (const { entries } of await Promise.all(waiting)) t.strictSame(idsOf(entries), [sid]);
  t.ok(polls <= 3, `${polls} polls`);
  t.ok(statements.length - sent < 60, `${statements.length - sent} statements, of all jobs too`);
  t.equal(readers.waiting, 0);
  readers.close();
});

t.test('Closing answers the readers who wait', async (t) => {
  const readers = new FeedReaders(await otherProcess(), { control });
  const { position } = await readers.read(undefined, false);
  const waiting = readers.read(position, true);
  readers.close();
  t.strictSame((await waiting).entries, []);
  t.equal(readers.waiting, 0);
});

t.test('A memory that overflows answers 503, and not a part', async (t) => {
  const full = new RevocationFeed({ db, control, now }, 1);
  await full.poll();
  const readers = new FeedReaders(full, { control });
  t.teardown(() => readers.close());
  await readers.read(undefined, false);
  await writeRow();
  await writeRow();
  await full.poll();
  await t.rejects(readers.read(undefined, false), /more revocations/);
});

t.test('While the memory is loaded again, a reader gets 503', async (t) => {
  const feed = await otherProcess();
  const readers = new FeedReaders(feed, { control });
  t.teardown(() => readers.close());
  const { position } = await readers.read(undefined, false);
  feed.clock.forget();
  await t.rejects(readers.read(position, true), /more revocations/);
});

async function* cutOff<Line>(all: AsyncIterable<Line>) {
  yield* all;
  throw new Error('The file is cut off');
}

async function* lines(...texts: string[]) {
  for (const [index, text] of texts.entries()) yield { number: index + 1, text };
}
