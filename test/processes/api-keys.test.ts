/** API keys over three processes: a change in one is obeyed by the others within 2 s, as for tokens. */
import t from 'tap';
import { createCluster, type Member, refused, until } from './cluster.ts';

t.test('Three processes obey changes of a key and of its owner within 2 s', async (t) => {
  const cluster = await createCluster(t);
  const [one, two, three] = await Promise.all([cluster.start(), cluster.start(), cluster.start()]);
  const all = [one, two, three];
  const admin = await cluster.person(one, 2);

  /** Waits until each process sees a level; 0 where a key is refused on a route of level 1. */
  const obeyed = async (token: string, level: number, since: number): Promise<void> => {
    const sees = async (at: Member): Promise<void> => {
      for (;;) {
        const sentAt = performance.now();
        const { body } = await at.ask('GET', '/me/permissions', { token });
        if (body.access === level) return;
        if (sentAt - since > 2_000) throw new Error(`A level was ${body.access} ${sentAt - since} ms later`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await Promise.all(all.map(sees));
  };

  /** A user with a key that all processes know. */
  const withKey = async () => {
    const person = await cluster.person(one, 1);
    const body = { name: 'test', access: 1 };
    const made = await one.ask('POST', '/me/api-keys', { token: person.token, body });
    for (const at of all) {
      const { status } = await at.ask('GET', '/users?limit=1', { token: made.body.key });
      if (status !== 200) throw new Error(`A key got ${status}`);
    }
    return { ...person, keyId: made.body.id as string, key: made.body.key as string };
  };

  await t.test('A demotion and a promotion', async () => {
    const { id, token, key } = await withKey();
    await two.ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 0 } });
    const since = performance.now();
    await Promise.all([obeyed(key, 0, since), ...all.map((at) => refused(at, token, since))]);
    await three.ask('PATCH', `/users/${id}`, { token: admin.token, body: { access: 1 } });
    await obeyed(key, 1, performance.now());
  });

  await t.test('The end of a key, of all sessions, and of the account', async () => {
    const ends: [method: string, path: (of: Awaited<ReturnType<typeof withKey>>) => string][] = [
      ['DELETE', ({ id, keyId }) => `/users/${id}/api-keys/${keyId}`],
      ['DELETE', ({ id }) => `/users/${id}/sessions`],
      ['DELETE', ({ id }) => `/users/${id}`],
    ];
    for (const [method, path] of ends) {
      const of = await withKey();
      const { status } = await two.ask(method, path(of), { token: admin.token });
      t.equal(status, 204);
      const since = performance.now();
      await Promise.all(all.map((at) => refused(at, of.key, since)));
    }
  });

  await t.test('The last use is written within a minute, whichever process it was in', async () => {
    const { token, keyId } = await withKey();
    const read = async () => (await one.ask('GET', `/me/api-keys/${keyId}`, { token })).body.lastUsedAt;
    await until('the use is written', 60_000, async () => (await read()) !== null);
  });
});
