import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createGuard } from '@latchkey/guard';
import { buildApp } from '../src/app.ts';
import { startIssuer } from './issuer.ts';

test('Reports need a user, only admins delete them, and a demotion is obeyed', async () => {
  const issuer = await startIssuer();
  const guard = createGuard({ issuer: issuer.url, key: await issuer.makeGuardKey() });
  const server = buildApp(guard).listen(0);
  try {
    await guard.ready();
    const { port } = server.address() as AddressInfo;
    const ask = async (credential: string, method = 'GET') => {
      const headers = { authorization: `Bearer ${credential}` };
      return (await fetch(`http://127.0.0.1:${port}/reports`, { method, headers })).status;
    };
    const [user, admin] = [await issuer.signIn('user'), await issuer.signIn('admin')];
    assert.equal((await fetch(`http://127.0.0.1:${port}/reports`)).status, 401);
    assert.equal(await ask(user.accessToken), 200);
    assert.equal(await ask(user.accessToken, 'DELETE'), 403);
    assert.equal(await ask(admin.accessToken, 'DELETE'), 204);
    const made = await user({ method: 'POST', url: '/me/api-keys', payload: { name: 'own', access: 1 } });
    const { key } = made.json();
    assert.equal(await ask(key), 200);
    await issuer.setAccess(user.userId, 'guest');
    const began = performance.now();
    while ((await ask(user.accessToken)) !== 401 || (await ask(key)) !== 403) {
      assert.ok(performance.now() - began < 2_000, 'it still is accepted');
      await wait(20);
    }
  } finally {
    guard.close();
    server.close();
    await issuer.close();
  }
});
