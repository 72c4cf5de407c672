/** Refresh tokens that are sent again within 10 s, from the network of the rotation or from another one. */
import t, { type Test } from 'tap';
import { type Answer, startApi } from '../helper.ts';
import { noteSecretsIn } from '../secret-log.ts';
import { isAccepted, open, type Pair, pairOf, setTime } from './client.ts';

interface Client {
  readonly remoteAddress: string;
  readonly userAgent?: string;
}

const api = await startApi(t);
const { db } = api.app.accounts;
const user = await api.person(1);

const home: Client = { remoteAddress: '198.51.100.7', userAgent: 'Phone/1' };
const mobile: Client = { ...home, remoteAddress: '203.0.113.9' };
const thief: Client = { remoteAddress: '192.0.2.66', userAgent: 'curl/8' };

async function send(
  path: '/refresh' | '/logout',
  refreshToken: string,
  { remoteAddress, userAgent }: Client,
): Promise<Answer> {
  const { statusCode, headers, body } = await api.app.inject({
    method: 'POST',
    url: path,
    remoteAddress,
    headers: { 'user-agent': userAgent ?? '' },
    payload: { refreshToken },
  });
  const json = body === '' ? undefined : JSON.parse(body);
  noteSecretsIn(json);
  return { status: statusCode, headers, text: body, body: json };
}

const refreshFrom = (client: Client, refreshToken: string) => send('/refresh', refreshToken, client);

/** A session that was refreshed once. */
async function refreshed(client = home): Promise<[first: Pair, second: Pair]> {
  const first = await open(api, user.id);
  return [first, pairOf(await refreshFrom(client, first.refreshToken))];
}

const eventsOf = async (sessionId: string) =>
  (
    await db.auditEvent.findMany({
      where: {
        action: { not: 'session.opened' },
        OR: [{ before: { contains: sessionId } }, { after: { contains: sessionId } }],
      },
      orderBy: { id: 'asc' },
    })
  ).map(({ action }) => action);
const mails = (template: string) => db.mail.count({ where: { template, recipient: user.email } });

async function isStolen(t: Test, pair: Pair, client: Client, name: string): Promise<void> {
  t.equal((await refreshFrom(client, pair.refreshToken)).status, 401, name);
  t.equal(await db.session.count({ where: { id: pair.sessionId } }), 0, `${name}: the session ends`);
  t.notOk(await isAccepted(api, pair.accessToken), name);
  t.equal((await eventsOf(pair.sessionId)).at(-1), 'session.reuse-detected', name);
}

t.test('A refresh token is repeated to the network of its rotation, for any user agent', async (t) => {
  const networks: Record<string, [Client, Client]> = {
    'the same address': [home, home],
    'another user agent': [home, { ...home, userAgent: 'Tablet/2' }],
    'another address of one IPv6 network': [
      { ...home, remoteAddress: '2001:db8:1:2::3' },
      { ...home, remoteAddress: '2001:db8:1:2:ffff::9', userAgent: 'Tablet/2' },
    ],
  };
  for (const [name, [client, again]] of Object.entries(networks)) {
    const [first, second] = await refreshed(client);
    for (let n = 0; n < 3; n++)
      t.equal(pairOf(await refreshFrom(again, first.refreshToken)).refreshToken, second.refreshToken, name);
    t.strictSame(await eventsOf(first.sessionId), [], name);
  }
});

t.test('A refresh token of another network and user agent is stolen, within the 10 s too', async (t) => {
  const others: Record<string, Client> = {
    'another client': thief,
    'another user agent': { ...mobile, userAgent: 'Phone/2' },
    'no user agent': { remoteAddress: mobile.remoteAddress },
    'another IPv6 network': { remoteAddress: '2001:db8:1:3::3', userAgent: 'curl/8' },
  };
  for (const [name, other] of Object.entries(others)) {
    const told = await mails('reuse-detected');
    const [first, second] = await refreshed();
    await isStolen(t, first, other, name);
    t.equal((await refreshFrom(home, second.refreshToken)).status, 401, `${name}: for the owner too`);
    t.equal(await mails('reuse-detected'), told + 1, `${name}: who is told`);
  }
});

t.test('The same user agent gets the token from another network once for each rotation', async (t) => {
  const told = await mails('continued-elsewhere');
  const [first, second] = await refreshed();
  const again = pairOf(await refreshFrom(mobile, first.refreshToken));
  t.equal(again.refreshToken, second.refreshToken);
  t.ok(await isAccepted(api, again.accessToken));
  t.strictSame(await eventsOf(first.sessionId), ['session.continued-elsewhere']);
  const event = await db.auditEvent.findFirstOrThrow({
    where: { action: 'session.continued-elsewhere', after: { contains: first.sessionId } },
  });
  t.match(event, { actorId: null, targetId: user.id, before: null });
  t.strictSame(JSON.parse(event.after ?? ''), { sessionId: first.sessionId, repeats: 1 });
  t.equal(
    pairOf(await refreshFrom(home, first.refreshToken)).refreshToken,
    second.refreshToken,
    'the network of the rotation as often as before',
  );
  await isStolen(t, first, mobile, 'the second time');
  t.equal(await mails('continued-elsewhere'), told, 'one time is no notice');
});

t.test('The second token that goes to another network in 24 hours is a notice to the user', async (t) => {
  const told = await mails('continued-elsewhere');
  let [pair] = await refreshed();
  const { sessionId } = pair;
  /** One more rotation at home, whose token is repeated to the other network. */
  const repeat = async () => {
    const next = pairOf(await refreshFrom(mobile, pair.refreshToken));
    pair = next;
    await refreshFrom(home, next.refreshToken);
  };
  const expected = async (repeats: number, notices: number, name: string) => {
    const row = await db.session.findUniqueOrThrow({ where: { id: sessionId } });
    t.equal(row.repeats, repeats, name);
    t.equal((await mails('continued-elsewhere')) - told, notices, name);
  };
  const age = async (hours: number) => {
    const repeatsSince = new Date(Date.now() - hours * 3_600_000);
    await db.session.update({ where: { id: sessionId }, data: { repeatsSince } });
  };
  await repeat();
  await expected(1, 0, 'once');
  await age(25);
  await repeat();
  await expected(1, 0, 'once more, a day later');
  await age(23);
  await repeat();
  await expected(2, 1, 'twice in a day');
  await repeat();
  await expected(3, 1, 'a third time, of which the user knows');
  t.equal((await eventsOf(sessionId)).length, 4, 'each is an event');
});

t.test('A thief who refreshes after each refresh of the owner does not stay in', async (t) => {
  let [before, owner] = await refreshed();
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) {
    // The thief even knows the user agent, which GET /me/sessions shows.
    const { status } = await refreshFrom(mobile, before.refreshToken);
    statuses.push(status);
    const { status: again } = await refreshFrom(mobile, before.refreshToken);
    statuses.push(again);
    if (again !== 200) break;
    before = owner;
    owner = pairOf(await refreshFrom(home, owner.refreshToken));
  }
  t.strictSame(statuses, [200, 401]);
  t.equal((await refreshFrom(home, owner.refreshToken)).status, 401);
});

t.test('A session of the version before repeats its token until its next rotation', async (t) => {
  const [first, second] = await refreshed();
  const data = { rotatedNetwork: null, rotatedUserAgent: null };
  await db.session.update({ where: { id: first.sessionId }, data });
  t.equal(pairOf(await refreshFrom(thief, first.refreshToken)).refreshToken, second.refreshToken);
  await refreshFrom(home, second.refreshToken);
  await isStolen(t, second, thief, 'afterwards');
});

t.test('A sign-out with the refresh token before follows the same rule', async (t) => {
  const cases: [name: string, client: Client, age: number, action: string][] = [
    ['the same network', home, 0, 'session.ended'],
    ['the same user agent in another network', mobile, 0, 'session.ended'],
    ['another client', thief, 0, 'session.reuse-detected'],
    ['the same network, later', home, -11, 'session.reuse-detected'],
  ];
  for (const [name, client, age, action] of cases) {
    const [first] = await refreshed();
    await setTime(api, first.sessionId, 'rotatedAt', age);
    t.equal((await send('/logout', first.refreshToken, client)).status, 204, name);
    t.equal(await db.session.count({ where: { id: first.sessionId } }), 0, name);
    t.strictSame(await eventsOf(first.sessionId), [action], name);
  }
  const [first] = await refreshed();
  await refreshFrom(mobile, first.refreshToken);
  await send('/logout', first.refreshToken, mobile);
  t.strictSame(
    await eventsOf(first.sessionId),
    ['session.continued-elsewhere', 'session.reuse-detected'],
    'the second time from another network',
  );
});
