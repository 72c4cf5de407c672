/** Tests bodies that are compressed, and bodies that are empty. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';

const { app, person } = await startApi(t);
const credentials = JSON.stringify({ email: 'ada@example.com', password: PASSWORD });

const post = (url: string, headers: Record<string, string>, payload: string | Buffer) =>
  app.inject({ method: 'POST', url, headers, payload });

t.test('A compressed body is refused with the coding that is accepted', async (t) => {
  const encoded: [coding: string, payload: Buffer][] = [
    ['gzip', gzipSync(credentials)],
    ['GZIP', gzipSync(credentials)],
    ['deflate', deflateSync(credentials)],
    ['br', brotliCompressSync(credentials)],
    ['gzip, identity', gzipSync(credentials)],
    ['x-unknown', Buffer.from(credentials)],
  ];
  for (const [coding, payload] of encoded) {
    const answer = await post(
      '/login',
      { 'content-type': 'application/json', 'content-encoding': coding },
      payload,
    );
    t.match(
      answer.json(),
      { status: 415, type: /unsupported-media-type$/, detail: /Content-Encoding/ },
      coding,
    );
    t.equal(answer.headers['accept-encoding'], 'identity', coding);
  }
  const plain = await post(
    '/login',
    { 'content-type': 'application/json', 'content-encoding': 'identity' },
    credentials,
  );
  t.equal(plain.statusCode, 401, 'identity is no coding');
});

t.test('An empty body counts as none, whatever type the client gives it', async (t) => {
  const form = 'application/x-www-form-urlencoded';
  for (const type of [form, 'text/plain', 'application/json', 'application/octet-stream']) {
    const { token } = await person(1);
    const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': '0' };
    t.equal((await post('/logout', headers, '')).statusCode, 204, type);
  }
  const { token } = await person(1);
  for (const type of [form, 'application/json']) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': '0' };
    const answer = await app.inject({ method: 'PUT', url: '/me/email', headers, payload: '' });
    t.match(answer.json(), { status: 400, type: /validation-failed$/, errors: [{ pointer: '' }] }, type);
  }
});

t.test('A body of another type is refused also where a body is optional', async (t) => {
  const { token } = await person(1);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' };
  t.match((await post('/logout', headers, 'a=b')).json(), { status: 415 });
});

t.test('A body of another type does not hide that there is no route', async (t) => {
  const headers = { 'content-type': 'text/plain' };
  t.match((await post('/nowhere', headers, 'abc')).json(), { status: 404, type: /not-found$/ });
  const wrongMethod = await app.inject({ method: 'PUT', url: '/login', headers, payload: 'abc' });
  t.match(wrongMethod.json(), { status: 405, type: /method-not-allowed$/ });
});
