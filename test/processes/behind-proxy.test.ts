/**
 * Topology of deploy/compose.yaml: a proxy, three processes, and one Postgres, which is all that they share.
 *
 * @runs once, on Postgres: one SQLite file serves one machine.
 */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { PASSWORD, type Teardown } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { type Cluster, createCluster, isAccepted, type Member, until } from './cluster.ts';
import { startFront } from './front.ts';

interface Fleet {
  readonly cluster: Cluster;
  /** Processes, each under its own URL. */
  readonly members: readonly Member[];
  /** The proxy, as clients reach it. */
  readonly front: Member;
}

async function startFleet(t: Teardown): Promise<Fleet> {
  const cluster = await createCluster(t, { TRUST_PROXY: '1', LOG_LEVEL: 'info', RATE_LIMIT: '0' });
  const ports = await Promise.all(Array.from({ length: 3 }, freePort));
  const members = await Promise.all(ports.map((port) => cluster.start({ PORT: String(port) })));
  const { url, kind } = await startFront(t, ports);
  t.teardown(() => console.log(`# behind ${kind}`));
  const [first] = members;
  return {
    cluster,
    members,
    front: { ...first!, url, ask: (method, path, options) => cluster.askAt(url, method, path, options) },
  };
}

t.test('Three processes behind a proxy act as one service', async (t) => {
  const { cluster, members, front } = await startFleet(t);
  const admin = await cluster.person(front, 2);
  const user = await cluster.person(front, 1);

  await t.test(
    'A token is accepted by each process, and each process answers some of the requests',
    async (t) => {
      for (const member of members) t.ok(await isAccepted(member, user.token));
      for (let i = 0; i < 30; i++)
        t.equal((await front.ask('GET', '/me', { token: user.token })).status, 200);
      const shares = members.map(({ stdout }) => stdout().split('"url":"/me"').length - 1);
      for (const share of shares) t.ok(share >= 5, `of 30: ${shares.join(', ')}`);
    },
  );

  await t.test('Refresh tokens rotate at every process, and reuse is detected', async (t) => {
    const { body: signedIn } = await front.ask('POST', '/login', {
      body: { email: user.email, password: PASSWORD },
    });
    let { refreshToken } = signedIn;
    const used: string[] = [];
    for (let i = 0; i < 9; i++) {
      const { status, body } = await front.ask('POST', '/refresh', { body: { refreshToken } });
      t.equal(status, 200);
      used.push(refreshToken);
      refreshToken = body.refreshToken;
    }
    t.equal((await front.ask('POST', '/refresh', { body: { refreshToken: used[0] } })).status, 401, 'reuse');
    t.equal(
      (await front.ask('POST', '/refresh', { body: { refreshToken } })).status,
      401,
      'ends the session',
    );
  });

  await t.test('A demotion through the proxy takes effect in each process within 2 s', async (t) => {
    const { token } = await cluster.person(front, 2);
    const id = (await front.ask('GET', '/me', { token })).body.id;
    t.equal(
      (await front.ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 0 } })).status,
      200,
    );
    const took = await Promise.all(
      members.map((member) => until('refused', 2_000, async () => !(await isAccepted(member, token)))),
    );
    t.comment(`obeyed after ${took.map(Math.round).join(', ')} ms`);
  });

  await t.test('Failed attempts are counted together over all processes', async (t) => {
    const { email } = await cluster.person(front, 1);
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++)
      statuses.push(
        (await front.ask('POST', '/login', { body: { email, password: `${PASSWORD}${i}` } })).status,
      );
    t.strictSame(statuses.slice(0, 5), Array(5).fill(401));
    t.ok(statuses.includes(429), statuses.join(', '));
  });

  await t.test('The client’s real address is seen through the proxy, and not a forged one', async (t) => {
    const { body } = await front.ask('POST', '/login', { body: { email: admin.email, password: PASSWORD } });
    const response = await fetch(`${front.url}/me/activity`, {
      headers: { authorization: `Bearer ${body.accessToken}`, 'x-forwarded-for': '203.0.113.9' },
    });
    t.match(await response.text(), /127\.0\.0\.1/);
    for (const { stdout } of members) t.notMatch(stdout(), '203.0.113.9');
  });

  await t.test('A killed process causes no failed request, not even for requests in its queue', async (t) => {
    const [victim] = members;
    // The kernel accepts connections for it, which are reset after its end: as when a process stops
    // listening.
    victim?.signal('SIGSTOP');
    let answered = 0;
    const asked = Array.from({ length: 12 }, async (_, i) => {
      const body = { email: `waiting-${i}@example.com` };
      const { status } = await front.ask('POST', '/invitations', { token: admin.token, body });
      answered++;
      return status;
    });
    await until('the others have answered', 5_000, async () => answered >= 6);
    await wait(300);
    t.ok(answered < asked.length, 'some wait');
    victim?.signal('SIGKILL');
    await victim?.ended;
    t.strictSame(await Promise.all(asked), Array(12).fill(201));
    for (let i = 0; i < 12; i++) t.equal((await front.ask('GET', '/me', { token: admin.token })).status, 200);
  });
});
