/** The limits on failed attempts refuse the clients that failed, and no others. */
import type { InjectOptions } from 'fastify';
import t from 'tap';
import { type Api, PASSWORD, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../mailbox.ts';

const OFFICE = '192.0.2.1';

/** Sends a request from an IP address. */
async function askFrom({ app }: Api, remoteAddress: string, url: string, payload: object) {
  const options: InjectOptions = { method: 'POST', url, payload, remoteAddress };
  const { statusCode, headers, body } = await app.inject(options);
  return { status: statusCode, retryAfter: Number(headers['retry-after']), body };
}

const attemptFrom = (api: Api, remoteAddress: string, email: string, password = 'wrong') =>
  askFrom(api, remoteAddress, '/login', { email, password });

/** Makes an address a known network of users. */
async function knowAt({ app }: Api, address: string, people: readonly Person[]): Promise<void> {
  const { db, throttle } = app.accounts;
  await db.knownNetwork.createMany({
    data: people.map(({ id: userId }) => ({
      id: throttle.hash(['known-network', userId, address]),
      userId,
      lastSeenAt: new Date(),
    })),
  });
}

async function people(api: Api, count: number): Promise<Person[]> {
  const all: Person[] = [];
  while (all.length < count) all.push(await api.person(1));
  return all;
}

/** The number of answers with each status. */
function countStatuses(answers: readonly { readonly status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

t.test('Many people behind one address can sign in at the same moment', async (t) => {
  const api = await startApi(t);
  const crowd = await people(api, 120);
  for (const [count, isKnown] of [
    [60, false],
    [60, true],
    [120, true],
  ] as const) {
    const some = crowd.slice(0, count);
    const address = `192.0.2.${count + Number(isKnown)}`;
    if (isKnown) await knowAt(api, address, some);
    const answers = await Promise.all(some.map(({ email }) => attemptFrom(api, address, email, PASSWORD)));
    const counts = countStatuses(answers);
    t.comment(`${count}, ${isKnown ? 'known' : 'not known'} there: ${JSON.stringify(counts)}`);
    // A slow machine may answer some of them with `busy`.
    t.strictSame(
      Object.keys(counts).filter((status) => !['200', '503'].includes(status)),
      [],
    );
  }
});

t.test('One person can sign in many times at the same moment', async (t) => {
  const api = await startApi(t);
  const [ada] = await people(api, 1);
  for (const round of ['from a network that is new', 'from one that is known']) {
    const attempts = Array.from({ length: 12 }, () => attemptFrom(api, OFFICE, ada!.email, PASSWORD));
    t.strictSame(countStatuses(await Promise.all(attempts)), { 200: 12 }, round);
  }
});

t.test('Few more wrong attempts of one network are made at the same moment than are free', async (t) => {
  const api = await startApi(t);
  const attempts = Array.from({ length: 100 }, (_, n) => attemptFrom(api, OFFICE, `nobody-${n}@example.com`));
  const counts = countStatuses(await Promise.all(attempts));
  t.comment(JSON.stringify(counts));
  // A slow machine may answer some of them with `busy`, or take so long that a wait of the network ends
  // meanwhile.
  t.ok(counts[401]! < 75, 'as many as are free, and those beside the last one');
  t.strictSame(
    Object.keys(counts).filter((status) => !['401', '429', '503'].includes(status)),
    [],
  );
});

t.test('Attempts of a process that was killed are forgotten', async (t) => {
  const api = await startApi(t);
  const [ada] = await people(api, 1);
  const { throttle, db } = api.app.accounts;
  const { email } = ada!;
  const policy = { free: 5, firstDelayMs: 1_000, maxDelayMs: 900_000, expiryMs: Number.POSITIVE_INFINITY };
  const account = { subject: ['account', email], policy };
  const id = throttle.hash(account.subject);
  const lost = [];
  for (let n = 0; n < 5; n++) lost.push(await throttle.reserve([account], 0, await throttle.readClock()));
  t.equal((await attemptFrom(api, OFFICE, email, PASSWORD)).status, 503, 'their verdicts are waited for');
  // Ten seconds later.
  const { pendingSince } = await db.failedTries.findUniqueOrThrow({ where: { id } });
  await db.failedTries.updateMany({ data: { pendingSince: pendingSince - 10_000 } });
  t.equal((await attemptFrom(api, OFFICE, email, PASSWORD)).status, 200);
  for (const reservation of lost) await throttle.fail(reservation, []);
  t.match(await db.failedTries.findUnique({ where: { id } }), { failures: 5, pending: 0 }, 'late ones count');
});

t.test('A user can sign in from a known network after failures of others there', async (t) => {
  const api = await startApi(t);
  const [ada, grace] = await people(api, 2);
  await knowAt(api, OFFICE, [ada!]);
  const { throttle, db } = api.app.accounts;
  const network = { id: throttle.hash(['network', OFFICE]), countedAt: Date.now(), nextTryAt: 0 };
  await db.failedTries.create({ data: { ...network, failures: 60 } });
  t.equal((await attemptFrom(api, OFFICE, 'nobody@example.com')).status, 401, 'one more, for 15 minutes');
  t.equal((await attemptFrom(api, OFFICE, 'nobody@example.com')).status, 429, 'the network waits');
  t.equal((await attemptFrom(api, OFFICE, ada!.email, PASSWORD)).status, 200);
  t.equal(
    (await attemptFrom(api, OFFICE, grace!.email, PASSWORD)).status,
    429,
    'who is not known there waits',
  );
  t.equal(
    (await attemptFrom(api, OFFICE, ada!.email)).status,
    429,
    'a wrong password is answered as any there',
  );
});

t.test('A guess in a network that waits counts, also where the counter of the owner waits', async (t) => {
  const api = await startApi(t);
  const [ada] = await people(api, 1);
  await knowAt(api, OFFICE, [ada!]);
  const { throttle, db } = api.app.accounts;
  const later = Date.now() + 60_000;
  const network = { id: throttle.hash(['network', OFFICE]), countedAt: Date.now(), nextTryAt: later };
  await db.failedTries.create({ data: { ...network, failures: 60 } });
  for (let n = 0; n < 12; n++) t.equal((await attemptFrom(api, OFFICE, ada!.email)).status, 429);
  const { failures } = await db.failedTries.findUniqueOrThrow({
    where: { id: throttle.hash(['account', ada!.email]) },
  });
  t.ok(failures >= 5, `${failures} of those that the counter of all clients allowed`);
  t.equal((await attemptFrom(api, OFFICE, ada!.email, PASSWORD)).status, 429, 'both counters wait');
});

t.test('Valid mail tokens are never refused by the limit, and invalid ones are', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  const admin = await api.person(2);
  const { email } = await api.person(1);
  const offer = { email: 'invited@example.com', access: 1 };
  t.equal((await api.ask('POST', '/invitations', { token: admin.token, body: offer })).status, 201);
  await api.ask('POST', '/password/forgot', { body: { email } });
  const newcomer = { name: 'Grace', email: 'grace@example.com', password: PASSWORD };
  await api.ask('POST', '/register', { body: newcomer });

  const miss = () =>
    api.ask('POST', '/password/reset', { body: { token: 'garbage', newPassword: PASSWORD } });
  let missed = await miss();
  for (let n = 0; n < 60 && missed.status === 403; n++) missed = await miss();
  t.match(missed.body, { status: 429, type: /too-many-attempts$/ });
  t.ok(Number(missed.headers['retry-after']) >= 1);

  const token = await tokenFor(api, offer.email, 'invitation');
  const acceptance = { token, name: 'Ada', password: PASSWORD };
  t.equal((await api.ask('POST', '/invitations/accept', { body: acceptance })).status, 201);
  const reset = { token: await tokenFor(api, email, 'password-reset'), newPassword: PASSWORD };
  t.equal((await api.ask('POST', '/password/reset', { body: reset })).status, 204);
  const confirmed = { token: await tokenFor(api, newcomer.email, 'registration'), password: PASSWORD };
  t.equal((await api.ask('POST', '/email/verify', { body: confirmed })).status, 200);
});

t.test('A known network does not reveal whether an address has an account', async (t) => {
  for (const first of [OFFICE, '198.51.100.1']) {
    const api = await startApi(t);
    const [ada] = await people(api, 1);
    await knowAt(api, OFFICE, [ada!]);
    const { throttle, db } = api.app.accounts;
    for (const email of [ada!.email, 'nobody@example.com']) {
      for (let n = 0; n < 5; n++) t.equal((await attemptFrom(api, first, email)).status, 401);
      // So long that the wait does not end before the attempts.
      const where = { id: throttle.hash(['account', email]), nextTryAt: { gt: 0 } };
      const { count } = await db.failedTries.updateMany({ where, data: { nextTryAt: Date.now() + 600_000 } });
      t.equal(count, 1, 'five are too many, wherever they come from');
      for (const from of [OFFICE, '198.51.100.1', '198.51.100.2', OFFICE]) {
        const { status, retryAfter } = await attemptFrom(api, from, email);
        t.equal(status, 429, `${email} from ${from}`);
        t.ok(retryAfter > 500 && retryAfter <= 600, `${retryAfter} seconds`);
      }
    }
    await db.failedTries.updateMany({
      where: { nextTryAt: { lt: Date.now() + 60_000 } },
      data: { nextTryAt: 0 },
    });
    t.equal((await attemptFrom(api, '198.51.100.3', ada!.email, PASSWORD)).status, 429);
    t.equal((await attemptFrom(api, OFFICE, ada!.email, PASSWORD)).status, 200, 'the right one signs in');
  }
});

t.test('Mistakes in a known network do not lock the account elsewhere', async (t) => {
  const api = await startApi(t);
  const [ada] = await people(api, 1);
  const { email } = ada!;
  await knowAt(api, OFFICE, [ada!]);
  for (let day = 0; day < 4; day++) {
    for (let n = 0; n < 2; n++) await attemptFrom(api, OFFICE, email);
    t.equal((await attemptFrom(api, OFFICE, email, PASSWORD)).status, 200);
  }
  t.equal((await attemptFrom(api, '198.51.100.1', email, PASSWORD)).status, 200);
});

t.test('IPv6 addresses are counted by the /48 too', async (t) => {
  const api = await startApi(t);
  const { throttle, db } = api.app.accounts;
  const site = { id: throttle.hash(['network', '2001:db8:7::/48']), countedAt: Date.now(), nextTryAt: 0 };
  await db.failedTries.create({ data: { ...site, failures: 140 } });
  const attempts = Array.from({ length: 60 }, (_, n) =>
    attemptFrom(api, `2001:db8:7:${n.toString(16)}::1`, `nobody-${n}@example.com`),
  );
  const counts = countStatuses(await Promise.all(attempts));
  t.comment(JSON.stringify(counts));
  t.ok((counts[401] ?? 0) < 60, 'not all are tried');
  // Without the delay of the attempts before, which may end between the next two.
  await db.failedTries.update({ where: { id: site.id }, data: { failures: 160, nextTryAt: 0 } });
  t.equal((await attemptFrom(api, '2001:db8:7:fffe::1', 'somebody@example.com')).status, 401);
  t.equal((await attemptFrom(api, '2001:db8:7:ffff::1', 'somebody@example.com')).status, 429);
  t.equal((await attemptFrom(api, '2001:db8:8:1::1', 'somebody@example.com')).status, 401, 'the next /48');
});
