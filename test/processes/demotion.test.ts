/** Demotion over several processes: some die in the middle of it, others have not seen it yet. */
import { join } from 'node:path';
import t from 'tap';
import { PASSWORD } from '../helper.ts';
import { type Ask, createCluster, isAccepted, type Member, refused, until } from './cluster.ts';

const script = (name: string): string => join(import.meta.dirname, `${name}.ts`);

t.test('A demotion takes effect over several processes', async (t) => {
  const cluster = await createCluster(t);
  const other = await cluster.start();

  await t.test(
    'A revocation takes effect in all processes when its process dies right after the commit',
    async (t) => {
      const start = () => cluster.start({}, script('dies-before-applying'));
      const [one, two] = await Promise.all([start(), start()]);
      const admin = await cluster.person(other, 2);
      const user = await cluster.person(other, 2);
      const guest = await cluster.person(other, 0);

      const revocations: [at: Member, token: string, method: string, path: string, options: Ask][] = [
        [one, user.token, 'PATCH', `/users/${user.id}`, { token: admin.token, body: { access: 1 } }],
        [two, guest.token, 'POST', '/logout', { token: guest.token }],
      ];
      for (const [at, token, method, path, options] of revocations) {
        for (const accepted of [token, admin.token]) t.ok(await isAccepted(at, accepted));
        await t.rejects(at.ask(method, path, options), 'no answer');
        const since = performance.now();
        t.match(await at.ended, { code: null, signal: 'SIGKILL' });
        await refused(other, token, since);
      }
      t.equal(await cluster.database.db.revocation.count(), 2);

      const again = await cluster.start();
      for (const { token } of [user, guest])
        t.notOk(await isAccepted(again, token), 'from its first request on');
      t.ok(await isAccepted(again, admin.token));
      t.equal(
        (await again.ask('POST', '/refresh', { body: { refreshToken: guest.refreshToken } })).status,
        401,
      );
      const refreshed = await again.ask('POST', '/refresh', { body: { refreshToken: user.refreshToken } });
      t.equal(
        (await again.ask('GET', '/me/permissions', { token: refreshed.body.accessToken })).body.access,
        1,
      );
    },
  );

  await t.test(
    'A demoted admin can change nothing through a process that has not seen the demotion',
    async (t) => {
      const deaf = await cluster.start({}, script('hears-nothing'));
      const { user: users, session: sessions } = cluster.database.db;
      const admin = await cluster.person(other, 2);
      const demoted = await cluster.person(other, 2);
      const victim = await cluster.person(other, 1);
      const snapshot = async () => ({
        users: await users.findMany({ orderBy: { id: 'asc' } }),
        sessions: await sessions.findMany({ orderBy: { id: 'asc' } }),
      });

      const body = { access: 1 };
      const demotion = await other.ask('PATCH', `/users/${demoted.id}`, { token: admin.token, body });
      t.equal(demotion.status, 200);
      const before = await snapshot();

      const { token } = demoted;
      t.notOk(await isAccepted(other, token));
      t.ok(await isAccepted(deaf, token), 'its guard lets the old token in');
      const attempts: Record<string, [method: string, path: string, options?: Ask]> = {
        'promote himself': ['PATCH', `/users/${demoted.id}`, { body: { access: 2 } }],
        'promote another': ['PATCH', `/users/${victim.id}`, { body: { access: 2 } }],
        'demote another': ['PATCH', `/users/${admin.id}`, { body: { access: 0 } }],
        'disable another': ['PATCH', `/users/${admin.id}`, { body: { disabled: true } }],
        'rename another': ['PATCH', `/users/${victim.id}`, { body: { name: 'Nobody' } }],
        'delete another': ['DELETE', `/users/${victim.id}`],
        'delete himself': ['DELETE', `/users/${demoted.id}`],
        'delete a missing user': ['DELETE', '/users/01890a5d-ac96-774b-bcce-b302099a8057'],
        'end another’s sessions': ['DELETE', `/users/${admin.id}/sessions`],
        'rename himself': ['PATCH', '/me', { body: { name: 'Still here' } }],
        'end his other sessions': ['DELETE', '/me/sessions'],
        'renew his sign-in': ['POST', '/me/reauthenticate', { body: { password: PASSWORD } }],
        'change his password': [
          'PUT',
          '/me/password',
          { body: { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` } },
        ],
      };
      for (const [name, [method, path, options]] of Object.entries(attempts)) {
        const { status, headers } = await deaf.ask(method, path, { token, ...options });
        t.equal(status, 401, name);
        t.match(headers['www-authenticate'], 'error="invalid_token"', name);
      }
      t.strictSame(await snapshot(), before, 'nothing has changed');

      const { refreshToken } = demoted;
      const refreshed = await deaf.ask('POST', '/refresh', { body: { refreshToken } });
      const own = await deaf.ask('GET', '/me/permissions', { token: refreshed.body.accessToken });
      t.equal(own.body.access, 1, 'a refresh gives what is left to him');
    },
  );

  await t.test(
    'An admin who is demoted during a self-promotion through another process is demoted',
    async (t) => {
      const there = await cluster.start();
      const admin = await cluster.person(other, 2);
      const accessOf = async (id: string) =>
        (await cluster.database.db.user.findUniqueOrThrow({ where: { id } })).access;
      for (let round = 0; round < 3; round++) {
        const { id, token } = await cluster.person(there, 2);
        const demotion = other.ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 1 } });
        let done = false;
        const statuses: number[] = [];
        const promote = async (): Promise<void> => {
          while (!done)
            statuses.push((await there.ask('PATCH', `/users/${id}`, { token, body: { access: 2 } })).status);
        };
        const promotions = [promote(), promote(), promote()];
        t.equal((await demotion).status, 200);
        const since = performance.now();
        t.equal(await accessOf(id), 1);
        await until('the other process has refused him', 5_000, async () => statuses.includes(401));
        done = true;
        await Promise.all(promotions);
        t.strictSame(
          [...new Set(statuses)].filter((status) => ![200, 401].includes(status)),
          [],
        );
        t.equal(await accessOf(id), 1, 'and so it stays');
        await refused(there, token, since);
      }
    },
  );
});
