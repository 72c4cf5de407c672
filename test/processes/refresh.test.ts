/** Refresh tokens, over processes that share only the database. */
import t from 'tap';
import { type Cluster, createCluster, isAccepted, type Member, type Reply, refused } from './cluster.ts';

const REQUESTS = 50;

const refresh = (at: Member, refreshToken: string, ip = '198.51.100.7'): Promise<Reply> =>
  at.ask('POST', '/refresh', { body: { refreshToken }, headers: { 'x-forwarded-for': ip } });

/** Three processes on Postgres; two on SQLite, which is for one machine. */
async function startAll(cluster: Cluster): Promise<readonly [Member, Member, ...Member[]]> {
  const start = () => cluster.start();
  const [one, other] = await Promise.all([start(), start()]);
  return cluster.database.kind === 'sqlite' ? [one, other] : [one, other, await start()];
}

t.test('Refresh tokens work over several processes', async (t) => {
  const cluster = await createCluster(t, { TRUST_PROXY: '1' });
  const { session, revocation } = cluster.database.db;
  const members = await startAll(cluster);
  const [here, there] = members;
  const member = (index: number): Member => members[index % members.length] ?? here;

  await t.test(`${REQUESTS} requests at once with one refresh token get the same successor`, async (t) => {
    const { id, token, refreshToken } = await cluster.person(here, 1);
    const before = await session.findFirstOrThrow({ where: { userId: id } });
    const replies = await Promise.all(
      Array.from({ length: REQUESTS }, (_, index) => refresh(member(index), refreshToken)),
    );
    t.strictSame([...new Set(replies.map(({ status }) => status))], [200]);
    const successors = [...new Set(replies.map(({ body }) => body.refreshToken))];
    t.equal(successors.length, 1, 'byte for byte');
    t.not(successors[0], refreshToken);
    const after = await session.findMany({ where: { userId: id } });
    t.strictSame(
      after.map(({ rotation }) => rotation),
      [before.rotation + 1],
      'one session, and one rotation',
    );
    for (const { body } of replies) t.ok(await isAccepted(there, body.accessToken));
    t.ok(await isAccepted(there, token), 'the access token from before goes on until it expires');

    const next = await refresh(there, successors[0] ?? '');
    t.equal(next.status, 200);
    t.equal((await session.findFirstOrThrow({ where: { userId: id } })).rotation, before.rotation + 2);
    t.equal(await revocation.count(), 0, 'no reuse was reported');
  });

  await t.test('A replay after the grace period ends the session at every process', async (t) => {
    const { id, token, refreshToken } = await cluster.person(here, 1);
    const rotated = await refresh(here, refreshToken);
    t.equal(
      (await refresh(there, refreshToken)).body.refreshToken,
      rotated.body.refreshToken,
      'in the window',
    );
    const { id: sessionId, rotatedAt } = await session.findFirstOrThrow({ where: { userId: id } });
    const data = { rotatedAt: new Date(rotatedAt.getTime() - 11_000) };
    await session.update({ where: { id: sessionId }, data });

    t.match(await refresh(there, refreshToken), { status: 401, body: { type: /\/invalid-refresh-token$/ } });
    const since = performance.now();
    t.notOk(await isAccepted(there, token), 'at once where it was found out');
    await Promise.all(
      members.flatMap((at) => [token, rotated.body.accessToken].map((old) => refused(at, old, since))),
    );
    for (const at of members) t.equal((await refresh(at, rotated.body.refreshToken)).status, 401);
  });

  await t.test('One of several requests from another network gets the successor', async (t) => {
    const { id, token, refreshToken } = await cluster.person(here, 1);
    t.equal((await refresh(here, refreshToken)).status, 200);
    const replies = await Promise.all(
      Array.from({ length: 6 }, (_, index) => refresh(member(index), refreshToken, '203.0.113.9')),
    );
    const since = performance.now();
    t.strictSame(
      replies.map(({ status }) => status).sort(),
      [200, 401, 401, 401, 401, 401],
      'the same user agent, once, over all processes',
    );
    t.equal(await session.count({ where: { userId: id } }), 0, 'the second one ends the session');
    await Promise.all(members.map((at) => refused(at, token, since)));
  });
});
