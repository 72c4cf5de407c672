import t from 'tap';
import { PASSWORD, startApi } from '../helper.ts';

/**
 * Domains that software for mails reads as an IPv4 address (WHATWG URL, "ends in a number"): a mail to
 * `x@256` would go to 0.0.1.0.
 */
const numbers = [
  '256',
  '1.2',
  '127.1',
  '127.0.0.1',
  '0x7f.1',
  '0x7f',
  '0X7F000001',
  '017700000001',
  'a.1',
  'example.0x1',
  '4294967295',
  '0x',
];

const api = await startApi(t);
const admin = await api.person(2);

t.test('An address whose domain is a number is refused by every operation that sends mails', async (t) => {
  const operations: Record<string, (email: string) => { token?: string; body: unknown }> = {
    'POST /register': (email) => ({ body: { name: 'Ada', email, password: PASSWORD } }),
    'POST /password/forgot': (email) => ({ body: { email } }),
    'POST /invitations': (email) => ({ token: admin.token, body: { email, access: 1 } }),
    'POST /users': (email) => ({ token: admin.token, body: { name: 'Ada', email, password: PASSWORD } }),
    'POST /invitations/accept': (email) => ({
      body: { token: 'a'.repeat(43), name: 'Ada', email, password: PASSWORD },
    }),
    'PUT /me/email': (email) => ({ token: admin.token, body: { email } }),
  };
  for (const [operation, options] of Object.entries(operations)) {
    const [method, url = ''] = operation.split(' ');
    if (method !== 'POST' && method !== 'PUT') throw new Error(operation);
    for (const domain of numbers) {
      const { status, body } = await api.ask(method, url, options(`x@${domain}`));
      t.equal(status, 400, `${operation} x@${domain}`);
      t.match(body.errors, [{ pointer: '/email' }], `${operation} x@${domain}`);
    }
  }
});

t.test('An address whose domain has digits but is no number is taken', async (t) => {
  for (const domain of [
    '1.example.com',
    '3com.example',
    'a1',
    '127.0.0.1.nip.io',
    'x0x7f',
    'localhost',
    'xn--p1ai',
  ])
    t.equal(
      (await api.ask('POST', '/password/forgot', { body: { email: `x@${domain}` } })).status,
      202,
      domain,
    );
});
