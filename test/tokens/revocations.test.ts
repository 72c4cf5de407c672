/** Tests the revocations that a process has in memory, and when they are fresh. */
import { randomUUID } from 'node:crypto';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import t from 'tap';
import { makeChange } from '#latchkey/accounts/change.ts';
import { pruneSessions } from '#latchkey/accounts/sessions/end.ts';
import type { Db, Statements } from '#latchkey/db/client.ts';
import { isUnavailable } from '#latchkey/db/errors.ts';
import { pruneRevocations } from '#latchkey/tokens/prune-revocations.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { isAccepted, open, readClaims, setTime } from '../accounts/client.ts';
import { startApi } from '../helper.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const api = await startApi(t);
const { app } = api;
const { db, now } = app.accounts;
const { control } = app.database;

/** Makes a separate feed on the database, like that of another process. Only the test polls it. */
const newFeed = (limit?: number, clock = now) => new RevocationFeed({ db, control, now: clock }, limit);

/** The claims of a token that a revocation depends on. */
const bearer = (of: { sub?: string; sid?: string; gen?: number; iat?: number }) => ({
  sub: randomUUID(),
  sid: randomUUID(),
  gen: 0,
  iat: Math.floor(Date.now() / 1000),
  ...of,
});

/**
 * Writes the row of a session's revocation like another process, and returns its id.
 *
 * @param age milliseconds
 */
async function writeRow(age = 0, clock = now): Promise<string> {
  const sessionId = randomUUID();
  const createdAt = new Date((await clock(db)).getTime() - age);
  await db.revocation.create({ data: { sessionId, createdAt } });
  return sessionId;
}

/** Runs a synchronous function as if so many milliseconds had passed. */
function later<T>(milliseconds: number, run: () => T): T {
  const clocks = { date: Date.now, monotonic: performance.now };
  Date.now = () => clocks.date() + milliseconds;
  performance.now = () => clocks.monotonic.call(performance) + milliseconds;
  try {
    return run();
  } finally {
    Date.now = clocks.date;
    performance.now = clocks.monotonic;
  }
}

t.beforeEach(() => db.revocation.deleteMany());

t.test('The time of the database does not depend on the time zone of its server', async (t) => {
  t.ok(Math.abs((await now(db)).getTime() - Date.now()) < 5 * SECOND_MS);
  const feed = newFeed();
  await feed.poll();
  t.ok(Math.abs(feed.clockSkew) < 5 * SECOND_MS);
});

t.test('A feed is fresh once it has read all relevant revocations', async (t) => {
  const [fresh, old, forgotten] = [
    await writeRow(),
    await writeRow(HOUR_MS),
    await writeRow(HOUR_MS + 2 * MINUTE_MS),
  ];
  const feed = newFeed();
  t.notOk(feed.isFresh, 'not before the first poll');
  await feed.poll();
  t.ok(feed.isFresh);
  t.ok(feed.revokes(bearer({ sid: fresh })));
  t.ok(feed.revokes(bearer({ sid: old })), 'from before the process began');
  t.notOk(feed.revokes(bearer({ sid: forgotten })), 'what no token can be alive of is not read');
  t.equal(feed.size, 2);
});

t.test(
  'A revocation of all users ends every token issued until then, here and in other processes',
  async (t) => {
    const row = await db.revocation.create({ data: { createdAt: await now(db) } });
    const at = Math.floor(row.createdAt.getTime() / 1_000);
    const feed = newFeed();
    t.notOk(feed.revokes(bearer({ iat: at })));
    await feed.poll();
    await db.revocation.delete({ where: { id: row.id } });
    t.ok(feed.revokes(bearer({ iat: at - 1 })));
    t.notOk(feed.revokes(bearer({ iat: at + 2 })));
    const other = newFeed();
    other.apply([{ allUsers: true }], new Date());
    t.ok(other.revokes(bearer({ iat: at - 1 })));
    t.notOk(other.revokes(bearer({ iat: at + 60 })));
  },
);

t.test('A feed is fresh for 2 s from the beginning of a poll', async (t) => {
  const feed = newFeed();
  const began = performance.now();
  await feed.poll();
  const passed = performance.now() - began;
  t.ok(later(2000 - passed - 50, () => feed.isFresh));
  t.notOk(
    later(2001, () => feed.isFresh),
    'afterwards, something may be unknown',
  );

  // A poll of 1.5 s.
  const monotonic = performance.now;
  let moved = 0;
  performance.now = () => monotonic.call(performance) + moved;
  t.teardown(() => {
    performance.now = monotonic;
  });
  const slow = newFeed(undefined, async (tx) => {
    moved = 1500;
    return now(tx);
  });
  await slow.poll();
  t.ok(slow.isFresh);
  moved = 2001;
  t.notOk(slow.isFresh, 'the beginning counts');
});

t.test('The revocation of a user ends the tokens of older generations', async (t) => {
  const feed = newFeed();
  await feed.poll();
  const sub = randomUUID();
  const accepted = () => [0, 1, 2, 3].filter((gen) => !feed.revokes(bearer({ sub, gen })));
  t.strictSame(accepted(), [0, 1, 2, 3]);
  feed.apply([{ userId: sub, generation: 2, lastIssuedAt: null }], new Date());
  t.strictSame(accepted(), [2, 3], 'the generations below');
  feed.apply([{ userId: sub, generation: 1, lastIssuedAt: null }], new Date());
  t.strictSame(accepted(), [2, 3], 'an older one that is heard of later gives nothing back');
  await db.revocation.create({ data: { userId: sub, generation: 3, createdAt: await now(db) } });
  await feed.poll();
  t.strictSame(accepted(), [3]);
  t.equal(feed.size, 1);
  t.notOk(feed.revokes(bearer({ gen: 0 })), 'of no other user');
  t.notOk(feed.revokes(bearer({ sid: sub })), 'the id of a user is not that of a session');
});

t.test(
  'Each poll overlaps the poll before it, because rows are dated before they are committed',
  async (t) => {
    const feed = newFeed();
    await feed.poll();
    const late = await writeRow(25 * SECOND_MS);
    t.notOk(feed.revokes(bearer({ sid: late })));
    await feed.poll();
    t.ok(feed.revokes(bearer({ sid: late })), 'a transaction that was open for 25 s');
    await feed.poll();
    const again = await writeRow(25 * SECOND_MS);
    await feed.poll();
    t.ok(feed.revokes(bearer({ sid: again })), 'at every poll');
  },
);

t.test('A poll after failed polls reads from the last successful poll', async (t) => {
  let away = false;
  const clock: typeof now = async (tx) => {
    if (away) throw new Error('the database is away');
    return now(tx);
  };
  let offset = -15 * MINUTE_MS;
  const feed = newFeed(undefined, async (tx) => new Date((await clock(tx)).getTime() + offset));
  const known = await writeRow(15 * MINUTE_MS + SECOND_MS);
  await feed.poll();
  away = true;
  await t.rejects(feed.poll(), /away/);
  t.ok(feed.revokes(bearer({ sid: known })), 'what was known stays known');
  const missed = await writeRow(14 * MINUTE_MS);
  away = false;
  offset = 0;
  await feed.poll();
  t.ok(feed.revokes(bearer({ sid: missed })), 'it was cut off for 15 minutes');
});

t.test('A failed poll does not make a feed fresh', async (t) => {
  let away = false;
  const feed = newFeed(undefined, async (tx) => {
    if (away) throw new Error('the database is away');
    return now(tx);
  });
  await feed.poll();
  away = true;
  await t.rejects(feed.poll());
  t.ok(feed.isFresh, 'for the rest of its 2 s');
  t.notOk(later(2001, () => feed.isFresh));
});

t.test('A database clock that is set back and forward again hides no revocation', async (t) => {
  let offset = 0;
  const clock: typeof now = async (tx) => new Date((await now(tx)).getTime() + offset);
  const feed = newFeed(undefined, clock);
  await feed.poll();
  const written: string[] = [];
  for (const next of [-HOUR_MS / 2, -HOUR_MS / 2, 0, HOUR_MS / 2, -HOUR_MS / 2, 0]) {
    written.push(await writeRow(SECOND_MS, clock));
    offset = next;
    written.push(await writeRow(0, clock));
    await feed.poll();
    for (const [n, sid] of written.entries())
      t.ok(feed.revokes(bearer({ sid })), `row ${n}, clock at ${offset / MINUTE_MS} minutes`);
  }
});

t.test('A feed reports the clock skew between the process and the database', async (t) => {
  for (const offset of [-40 * SECOND_MS, 40 * SECOND_MS, HOUR_MS]) {
    const feed = newFeed(undefined, async (tx) => new Date((await now(tx)).getTime() - offset));
    await feed.poll();
    t.ok(Math.abs(feed.clockSkew - offset) < 5 * SECOND_MS, `${feed.clockSkew} ms`);
  }
});

t.test(
  'Revocations that were evicted while the clock was ahead are read again when it is set back',
  async (t) => {
    let offset = 0;
    const clock: typeof now = async (tx) => new Date((await now(tx)).getTime() + offset);
    const sid = await writeRow(MINUTE_MS);
    const feed = newFeed(undefined, clock);
    await feed.poll();
    offset = HOUR_MS + 2 * MINUTE_MS;
    await feed.poll();
    later(offset, () => feed.evictExpired());
    const started = newFeed(undefined, clock);
    await started.poll();
    for (const one of [feed, started])
      t.notOk(one.revokes(bearer({ sid })), 'by now its tokens have expired');
    offset = 0;
    for (const one of [feed, started]) {
      await one.poll();
      t.ok(one.revokes(bearer({ sid })), 'and now they have not');
    }
  },
);

t.test('A feed of a process whose clock is wrong evicts nothing and is stale', async (t) => {
  const sid = await writeRow(MINUTE_MS);
  const feed = newFeed();
  await feed.poll();
  later(HOUR_MS + 2 * MINUTE_MS, () => feed.evictExpired());
  t.ok(feed.revokes(bearer({ sid })));
  for (const offset of [-40 * SECOND_MS, 40 * SECOND_MS]) {
    const other = newFeed(undefined, async (tx) => new Date((await now(tx)).getTime() + offset));
    await other.poll();
    t.notOk(other.isFresh, 'its tokens live for longer, or shorter, than it remembers');
  }
});

t.test('A feed evicts a revocation when its last token has expired, and not before', async (t) => {
  let offset = 0;
  const feed = newFeed(undefined, async (tx) => new Date((await now(tx)).getTime() + offset));
  const [sid, sub] = [await writeRow(), randomUUID()];
  await feed.poll();
  feed.apply([{ userId: sub, generation: 1, lastIssuedAt: null }], new Date());
  const knows = () => [feed.revokes(bearer({ sid })), feed.revokes(bearer({ sub }))];
  offset = HOUR_MS;
  await feed.poll();
  later(offset, () => feed.evictExpired());
  t.strictSame(knows(), [true, true], 'a token of the moment before may live for an hour');
  offset = HOUR_MS + 2 * MINUTE_MS;
  await feed.poll();
  later(offset, () => feed.evictExpired());
  t.strictSame(knows(), [false, false]);
  t.equal(feed.size, 0);
});

t.test('A feed keeps revocations for the same time when the clock of the database is slow', async (t) => {
  const clock: typeof now = async (tx) => new Date((await now(tx)).getTime() - HOUR_MS);
  const feed = newFeed(undefined, clock);
  const sid = await writeRow(0, clock);
  await feed.poll();
  later(HOUR_MS, () => feed.evictExpired());
  t.ok(feed.revokes(bearer({ sid })));
});

t.test('A full feed is stale until all revocations fit', async (t) => {
  const rows = [await writeRow(), await writeRow(), await writeRow()];
  const feed = newFeed(3);
  await feed.poll();
  t.ok(feed.isFresh, 'three of three');
  rows.push(await writeRow());
  await feed.poll();
  t.notOk(feed.isFresh, 'a fourth');
  await feed.poll();
  t.notOk(feed.isFresh);
  t.equal(feed.size, 3, 'it stays within its bound');
  await db.revocation.deleteMany({ where: { sessionId: rows[0]! } });
  await feed.poll();
  t.ok(feed.isFresh, 'three again');
  for (const sid of rows.slice(1)) t.ok(feed.revokes(bearer({ sid })));
});

t.test('Revocations of the process itself fill its feed too', async (t) => {
  const feed = newFeed(2);
  await feed.poll();
  const rows = [await writeRow(), await writeRow(), await writeRow()];
  feed.apply(
    rows.map((sessionId) => ({ sessionId, lastIssuedAt: null })),
    new Date(),
  );
  t.notOk(feed.isFresh, 'at once, not with the next poll');
  t.notOk(feed.revokes(bearer({ sid: rows[2]! })), 'for it has gaps');
  await feed.poll();
  t.notOk(feed.isFresh);
  await db.revocation.deleteMany({ where: { sessionId: rows[0]! } });
  await feed.poll();
  t.ok(feed.isFresh);
  t.ok(feed.revokes(bearer({ sid: rows[2]! })), 'the gap is filled');
});

t.test('A read that exceeds its timeout counts as an unavailable database', async (t) => {
  const findUnique = () => new Promise<never>(() => {});
  const feed = new RevocationFeed({ db: { session: { findUnique } } as unknown as Db, control, now });
  t.ok(isUnavailable(await feed.confirm(bearer({})).catch((error: unknown) => error)));
});

t.test('A revocation that is in memory already needs no second entry', async (t) => {
  const feed = newFeed(1);
  await feed.poll();
  const sub = randomUUID();
  for (const generation of [1, 2, 3])
    feed.apply([{ userId: sub, generation, lastIssuedAt: null }], new Date());
  t.ok(feed.isFresh);
  t.ok(feed.revokes(bearer({ sub, gen: 2 })));
});

t.test('A feed that reloads after an overflow is stale meanwhile and loses no revocation', async (t) => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isSlow = false;
  let isReading = false;
  const query: Statements['query'] = async (text, ...fillings) => {
    isReading = isSlow && text[0]?.includes('"sessionId"') === true;
    if (isReading) await gate;
    return control.raw.query(text, ...fillings);
  };
  const slow = { raw: { ...control.raw, query } };
  const feed = new RevocationFeed({ db, control: slow, now: () => now(db) }, 2);
  const rows = [await writeRow(), await writeRow(), await writeRow()];
  await feed.poll();
  t.notOk(feed.isFresh);
  await db.revocation.deleteMany({ where: { sessionId: { in: rows.slice(1) } } });
  isSlow = true;
  const polling = feed.poll();
  const own = randomUUID();
  const deadline = performance.now() + 5 * SECOND_MS;
  while (!isReading && performance.now() < deadline) await new Promise(setImmediate);
  t.ok(isReading, 'the rows are being read');
  t.ok(!feed.isFresh || feed.revokes(bearer({ sid: rows[0]! })), 'it waves nothing through meanwhile');
  feed.apply([{ sessionId: own, lastIssuedAt: null }], new Date());
  open();
  await polling;
  t.ok(feed.isFresh);
  t.ok(feed.revokes(bearer({ sid: rows[0]! })));
  t.ok(feed.revokes(bearer({ sid: own })), 'what was revoked here meanwhile');
});

t.test('The rows of the database decide whether a token is valid', async (t) => {
  const { id } = await api.person(1);
  const { sessionId, accessToken } = await open(api, id);
  const claims = readClaims(accessToken);
  const { id: other } = await api.person(1);
  const feed = newFeed();
  const confirm = (of: object = {}) => feed.confirm({ ...claims, ...of });
  t.ok(await confirm());
  t.notOk(await confirm({ gen: claims.gen + 1 }), 'a generation that there is not');
  t.notOk(await confirm({ sub: other }), 'another user’s session');
  t.notOk(await confirm({ sub: randomUUID() }), 'an unknown user');
  t.notOk(await confirm({ sid: randomUUID() }), 'no session');
  const states: Record<string, [undo: object, now: object]> = {
    disabled: [{ disabled: false }, { disabled: true }],
    'another generation': [{ generation: claims.gen }, { generation: claims.gen + 1 }],
    'another epoch': [{ epoch: 0 }, { epoch: 1 }],
  };
  for (const [name, [undo, data]] of Object.entries(states)) {
    await db.user.update({ where: { id }, data });
    t.notOk(await confirm(), name);
    await db.user.update({ where: { id }, data: undo });
    t.ok(await confirm(), `not ${name}`);
  }
  await db.session.delete({ where: { id: sessionId } });
  t.notOk(await confirm(), 'the session has ended');
});

t.test('The guard decides by the rows of the database while the feed is full', async (t) => {
  const own = await startApi(t);
  const { revocations, accounts } = own.app;
  const user = await own.person(1);
  const pairs = { alive: await open(own, user.id), ended: await open(own, user.id) };
  // From here on only the test polls.
  const poll = () => RevocationFeed.prototype.poll.call(revocations);
  revocations.poll = async () => {};
  // Deleted without a revocation: only a read of the rows can find it.
  await accounts.db.session.delete({ where: { id: pairs.ended.sessionId } });
  await poll();
  t.ok(await isAccepted(own, pairs.ended.accessToken), 'a feed that is trusted is believed');

  revocations.apply(
    Array.from({ length: 200_001 }, () => ({ sessionId: randomUUID(), lastIssuedAt: null })),
    new Date(),
  );
  t.notOk(revocations.isFresh);
  t.notOk(await isAccepted(own, pairs.ended.accessToken), 'the row has gone');
  t.ok(await isAccepted(own, pairs.alive.accessToken), 'the row is there');
  const refused = await own.ask('GET', '/control-panel', { token: pairs.alive.accessToken });
  t.equal(refused.status, 403, 'the level is checked as ever');
  t.equal((await own.ask('GET', '/health/ready')).status, 503);
  t.equal((await own.ask('POST', '/logout', { token: pairs.alive.accessToken })).status, 204);
  t.notOk(await isAccepted(own, pairs.alive.accessToken), 'what does not fit is obeyed all the same');

  await poll();
  t.ok(revocations.isFresh, 'its rows fit again');
  t.equal((await own.ask('GET', '/health/ready')).status, 200);
  t.equal(revocations.size, 1);
  t.notOk(await isAccepted(own, pairs.alive.accessToken), 'and say the same');
  t.ok(await isAccepted(own, user.token));
});

t.test('A failed change revokes nothing, and a retried change revokes once', async (t) => {
  const sessions = [randomUUID(), randomUUID()];
  const work = makeChange(app.accounts, async ({ revoke }) => {
    revoke({ sessionId: sessions[0]!, lastIssuedAt: null });
    throw new Error('no such change');
  });
  await t.rejects(work, /no such change/);
  t.notOk(app.revocations.revokes(bearer({ sid: sessions[0]! })));
  t.equal(await db.revocation.count(), 0);

  let tries = 0;
  await makeChange(app.accounts, async ({ tx, revoke }) => {
    tries++;
    revoke({ sessionId: sessions[1]!, lastIssuedAt: null });
    await tx.session.count();
    if (tries === 1) throw new DriverAdapterError({ kind: 'TransactionWriteConflict' });
  });
  t.equal(tries, 2);
  t.ok(app.revocations.revokes(bearer({ sid: sessions[1]! })));
  t.equal(await db.revocation.count({ where: { sessionId: sessions[1]! } }), 1);
});

t.test('The revocations of a deleted user stay', async (t) => {
  const [victim, admin] = [await api.person(1), await api.person(2)];
  const deleted = await api.ask('DELETE', `/users/${victim.id}`, { token: admin.token });
  t.equal(deleted.status, 204);
  t.equal(await db.user.count({ where: { id: victim.id } }), 0);
  const feed = newFeed();
  await feed.poll();
  t.ok(feed.revokes(readClaims(victim.token)), 'for processes that begin later');
  t.ok(feed.revokes({ ...readClaims(victim.token), gen: 1_000_000 }), 'for any generation');
});

t.test('Revocations are deleted after 25 hours, by the clock of the database', async (t) => {
  const ages = [0, HOUR_MS, 3 * HOUR_MS, 25 * HOUR_MS - MINUTE_MS, 25 * HOUR_MS + MINUTE_MS, 48 * HOUR_MS];
  const rows = new Map<string, number>();
  for (const age of ages) rows.set(await writeRow(age), age);
  t.equal(await pruneRevocations({ db, now }), 2);
  const left = await db.revocation.findMany();
  t.strictSame(left.map(({ sessionId }) => rows.get(sessionId ?? '') ?? -1).sort(byNumber), ages.slice(0, 4));
  t.equal(await pruneRevocations({ db, now }), 0);
  const clock: typeof now = async (tx) => new Date((await now(tx)).getTime() + 23 * HOUR_MS);
  t.equal(await pruneRevocations({ db, now: clock }), 2);
});

t.test('Expired sessions are deleted, and younger ones are not', async (t) => {
  const { id } = await api.person(1);
  const aged = async (time: 'idleUntil' | 'expiresAt', seconds: number) => {
    const { sessionId } = await open(api, id);
    await setTime(api, sessionId, time, seconds);
    return sessionId;
  };
  await pruneSessions(app.accounts);
  const before = await db.session.count();
  const ended = [await aged('idleUntil', -1), await aged('expiresAt', -1), await aged('idleUntil', -9999)];
  const alive = [await aged('idleUntil', 60), await aged('expiresAt', 60), (await open(api, id)).sessionId];
  t.equal(await pruneSessions(app.accounts), 3);
  t.equal(await db.session.count({ where: { id: { in: ended } } }), 0);
  t.equal(await db.session.count({ where: { id: { in: alive } } }), 3);
  t.equal(await db.session.count(), before + 3);
});

const byNumber = (a: number, b: number) => a - b;
