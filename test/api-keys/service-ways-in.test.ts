/** No way in for people leads to a service account: its value in the column of addresses is no address. */
import t from 'tap';
import { exampleAttestation } from '#latchkey/accounts/passkeys/credential.schemas.ts';
import { serviceAddress } from '#latchkey/lib/service-address.ts';
import { openWithTwoFactors } from '../accounts/client.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { makeService } from './keys.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'password,passkey,email' });
const { ask, app } = api;
const { db } = app.accounts;
const admin = await api.person(2);
const { accessToken: token } = await openWithTwoFactors(api, admin.id);

t.test('Nothing that takes an address finds a service account', async (t) => {
  const id = await makeService(api, token, 1);
  const email = serviceAddress(id);
  const name = 'Ada';
  const requests = {
    '/login': { email, password: PASSWORD },
    '/login/email': { email },
    '/password/forgot': { email },
    '/register': { name, email, password: PASSWORD },
    '/register/passkey/options': { name, email },
    '/invitations': { email, access: 1 },
    '/users': { name, email, access: 1, password: PASSWORD },
    '/me/email': { email, password: PASSWORD },
  };
  for (const [url, body] of Object.entries(requests)) {
    const method = url === '/me/email' ? 'PUT' : 'POST';
    const { status, text } = await ask(method, url, { token, body });
    t.ok(url === '/login' ? status === 401 : status === 400, `${url}: ${status} ${text}`);
  }
  const passkey = exampleAttestation;
  t.equal((await ask('POST', '/register', { body: { name, email, passkey } })).status, 400);
  t.equal(await db.mailCode.count(), 0);
  t.equal(await db.passwordReset.count({ where: { userId: id } }), 0);
  t.strictSame(await waitingFor(api, email), []);
});

t.test('An admin makes no way in by ending sessions and removing authenticators', async (t) => {
  const id = await makeService(api, token, 1);
  for (const url of [`/users/${id}/sessions`, `/users/${id}/authenticators`])
    t.ok((await ask('DELETE', url, { token })).status < 500, url);
  t.equal(await db.passwordReset.count({ where: { userId: id } }), 0);
  t.strictSame(await waitingFor(api, serviceAddress(id)), []);
});
