import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { buildApp } from '../src/app.ts';
import { startIssuer } from './issuer.ts';

let issuer: Awaited<ReturnType<typeof startIssuer>>;
let app: Awaited<ReturnType<typeof buildApp>>;

before(async () => {
  issuer = await startIssuer();
  app = await buildApp({ issuer: issuer.url, key: await issuer.makeGuardKey() });
  await app.ready();
});
after(async () => {
  await app.close();
  await issuer.close();
});

const ask = (accessToken: string, method: 'GET' | 'DELETE' = 'GET') =>
  app.inject({ method, url: '/reports', headers: { authorization: `Bearer ${accessToken}` } });

test('Reports need a user, and only admins delete them', async () => {
  const [user, admin] = [await issuer.signIn('user'), await issuer.signIn('admin')];
  assert.equal((await app.inject('/')).statusCode, 200);
  assert.equal((await app.inject('/reports')).statusCode, 401);
  assert.deepEqual((await ask(user.accessToken)).json(), { of: user.userId });
  assert.equal((await ask(user.accessToken, 'DELETE')).statusCode, 403);
  assert.equal((await ask(admin.accessToken, 'DELETE')).statusCode, 204);
});

test('A demotion is obeyed within 2 seconds, for tokens and for API keys', async () => {
  const user = await issuer.signIn('user');
  const made = await user({ method: 'POST', url: '/me/api-keys', payload: { name: 'nightly', access: 1 } });
  const { key } = made.json();
  for (const credential of [user.accessToken, key])
    assert.deepEqual((await ask(credential)).json(), { of: user.userId });
  await issuer.setAccess(user.userId, 'guest');
  const began = performance.now();
  // The token is void. The key is good, and has the level of its owner.
  while ((await ask(user.accessToken)).statusCode !== 401 || (await ask(key)).statusCode !== 403) {
    assert.ok(performance.now() - began < 2_000, 'it still is accepted');
    await wait(20);
  }
});

test('Only a person who has signed in deletes reports', async () => {
  const admin = await issuer.signIn('admin');
  const post = (url: string, payload: object) => admin({ method: 'POST', url, payload });
  const { id } = (await post('/service-accounts', { name: 'robot', access: 2 })).json();
  const wanted = { name: 'robot', access: 2, operations: ['*'] };
  const { key } = (await post(`/service-accounts/${id}/api-keys`, wanted)).json();
  assert.equal((await ask(key)).statusCode, 200);
  assert.equal((await ask(key, 'DELETE')).json().slug, 'key-not-allowed');
});
