/** An account without a password sets its first one. */
import t from 'tap';
import { unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, waitingFor } from '../mailbox.ts';
import { addPasskey } from './authenticator.ts';
import { open, pairOf, readClaims, refresh, setTime, signIn } from './client.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const newPassword = 'another horse, another battery';
const put = (token: string, body: object = { newPassword }) => ask('PUT', '/me/password', { token, body });

/** An account that signs in with a passkey alone. */
async function newOwner() {
  const { id, email } = await person(1);
  await addPasskey(api, id);
  await db.user.update({ where: { id }, data: { passwordHash: unusableHash() } });
  return { id, email };
}

t.test('A recent session of two factors sets it, and it signs in from then on', async (t) => {
  const { id, email } = await newOwner();
  const session = await open(api, id, undefined, ['swk', 'user']);
  const other = await open(api, id, undefined, ['swk', 'user']);
  const before = readClaims(session.accessToken);
  const weak = await put(session.accessToken, { newPassword: 'password1234' });
  t.match(weak.body, { status: 400, errors: [{ pointer: '/newPassword' }] });
  const pair = pairOf(await put(session.accessToken));
  t.match(readClaims(pair.accessToken), { sid: before.sid, acr: '2', auth_time: before.auth_time });
  t.equal((await refresh(api, other.refreshToken)).status, 401, 'every other session ends');
  t.strictSame(
    (await waitingFor(api, email)).map(({ template }) => template),
    ['password-changed'],
  );
  t.equal((await signIn(api, email, undefined, newPassword)).body.slug, 'second-factor-required');
  t.match((await put(pair.accessToken)).body, {
    status: 400,
    errors: [{ pointer: '/currentPassword', code: 'required' }],
  });
  const twoAtOnce = await newOwner();
  const { accessToken } = await open(api, twoAtOnce.id, undefined, ['swk', 'user']);
  const statuses = (await Promise.all([put(accessToken), put(accessToken)])).map(({ status }) => status);
  t.strictSame(statuses.sort(), [200, 401]);
});

t.test('A session of one factor, or a late one, sets none', async (t) => {
  const { id } = await newOwner();
  const one = await open(api, id, undefined, ['email']);
  t.match((await put(one.accessToken)).body, { status: 401, slug: 'two-factors-required' });
  const late = await open(api, id, undefined, ['swk', 'user']);
  await setTime(api, late.sessionId, 'authenticatedAt', -901);
  const refused = await put(late.accessToken);
  t.match(refused.body, { status: 401, slug: 'recent-sign-in-required' });
  t.match(refused.headers['www-authenticate'], /max_age=900/);
  const wrong = await put(late.accessToken, { currentPassword: PASSWORD, newPassword });
  t.match(wrong.body, { status: 403, slug: 'wrong-password' });
});

t.test('An account with a password needs it, in any session', async (t) => {
  const { id, token } = await person(1);
  const missing = { status: 400, errors: [{ pointer: '/currentPassword', code: 'required' }] };
  t.match((await put(token)).body, missing);
  await addPasskey(api, id);
  const { accessToken } = await open(api, id, undefined, ['swk', 'user']);
  t.match((await put(accessToken)).body, missing);
  t.equal((await put(accessToken, { currentPassword: PASSWORD, newPassword })).status, 200);
});
