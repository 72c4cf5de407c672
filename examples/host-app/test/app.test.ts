import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { injectAs } from 'latchkey/testing';
import { buildApp } from '../src/app.ts';

let folder = '';
let app: Awaited<ReturnType<typeof buildApp>>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-app-'));
  app = await buildApp({ dataDir: folder });
  await app.ready();
});
after(async () => {
  await app.close();
  await rm(folder, { recursive: true });
});

test('Reports need a user, and only admins delete them', async () => {
  assert.equal((await app.inject('/')).statusCode, 200);
  assert.equal((await app.inject('/reports')).statusCode, 401);
  const [user, admin] = [await injectAs(app, { access: 'user' }), await injectAs(app, { access: 'admin' })];
  assert.deepEqual((await user('/reports')).json(), { of: user.userId });
  const refused = await user({ method: 'DELETE', url: '/reports/1' });
  assert.equal(refused.statusCode, 403);
  assert.equal(refused.json().detail, 'You do not have access to that page. Sorry!');
  assert.equal((await admin({ method: 'DELETE', url: '/reports/1' })).statusCode, 204);
});

test('A real sign-in opens the reports', async () => {
  const person = { email: 'ada@example.com', password: 'correct horse battery staple' };
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
  assert.equal((await post('/auth/register', { name: 'Ada', ...person })).statusCode, 201);
  const { accessToken } = (await post('/auth/login', person)).json();
  const headers = { authorization: `Bearer ${accessToken}` };
  assert.equal((await app.inject({ url: '/reports', headers })).statusCode, 200);
});

test('Two Authorization headers are refused over HTTP', async () => {
  const { accessToken } = await injectAs(app, { access: 'admin' });
  const url = await app.listen({ port: 0 });
  const { request } = await import('node:http');
  const status = await new Promise((resolve, reject) => {
    const headers = ['host', 'localhost', 'authorization', `Bearer ${accessToken}`];
    request(`${url}/reports`, { headers: [...headers, 'authorization', `Bearer ${accessToken}`] })
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
  assert.equal(status, 400);
});

test("The document of the app has its routes with their minimum, and none of Latchkey's", async () => {
  const { paths } = (await app.inject('/documentation.json')).json();
  assert.deepEqual(Object.keys(paths), ['/', '/reports', '/reports/{id}']);
  assert.equal(paths['/reports'].get['x-minimum-access'], 1);
  assert.ok((await app.inject('/auth/openapi.json')).json().paths['/login']);
});
