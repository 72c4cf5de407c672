/** Accepting an invitation with a passkey, also that of the first admin. */
import t, { type Test } from 'tap';
import { inviteFirstAdmin } from '#latchkey/accounts/invitations/first-admin-invitation.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../mailbox.ts';
import { Authenticator, type Lie } from './authenticator.ts';
import { pairOf, readClaims } from './client.ts';

const api = await startApi(t, { ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'passkey', SECOND_FACTOR_FROM: 'admin' });
const { ask, app } = api;
const { db } = app.accounts;

const optionsOf = (token: string, more = {}) =>
  ask('POST', '/invitations/accept/options', { body: { token, ...more } });
const accept = (token: string, members: object) =>
  ask('POST', '/invitations/accept', { body: { token, name: 'Grace', ...members } });
const signIn = async (authenticator: Authenticator) => {
  const options = await ask('POST', '/login/passkey/options');
  return ask('POST', '/login/passkey', { body: { passkey: authenticator.get(options.body) } });
};
const isProblem = (t: Test, { status, body }: Answer, expected: number, slug: string, name = slug) =>
  t.strictSame([status, body.slug], [expected, slug], name);

let addresses = 0;
/** An invitation, and its token. */
async function invited(offer: object = {}) {
  const email = `invited-${addresses++}@example.com`;
  const inviter = await db.user.findFirstOrThrow({ where: { permanentAccess: 2 } });
  const { accessToken } = pairOf(await signIn(first));
  t.equal(readClaims(accessToken).sub, inviter.id);
  const { status } = await ask('POST', '/invitations', { token: accessToken, body: { email, ...offer } });
  t.equal(status, 201);
  return { email, token: await tokenFor(api, email, 'invitation') };
}

/** The passkey of the first admin. */
const first = new Authenticator();

t.test('The first admin needs no password, and has both factors at once', async (t) => {
  const token = (await inviteFirstAdmin(app.accounts)) ?? '';
  t.match((await optionsOf(token)).body.errors, [{ pointer: '/email', code: 'required' }]);
  const email = 'admin@example.com';
  const asked = await optionsOf(token, { email: ` ${email.toUpperCase()}`, name: 'Ada' });
  t.equal(asked.headers['cache-control'], 'no-store');
  t.match(asked.body, {
    user: { name: email, displayName: 'Ada' },
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    excludeCredentials: [],
  });
  const { status, body, headers } = await accept(token, { email, passkey: first.create(asked.body) });
  t.equal(status, 201);
  t.equal(headers['cache-control'], 'no-store');
  t.match(body, { email, access: 2, secondFactor: true });
  t.equal(new Set(body.recoveryCodes).size, 10);
  const { accessToken } = pairOf(await signIn(first));
  t.match(readClaims(accessToken), { sub: body.id, access: 2, acr: '2' });
  isProblem(t, await optionsOf(token, { email }), 403, 'mail-token-invalid', 'once');
});

t.test('A person is invited, and the options have what the invitation says', async (t) => {
  const { email, token } = await invited({ name: 'Grace Hopper' });
  const { usedChallenge, user } = db;
  const before = [await usedChallenge.count(), await user.count()];
  const asked = await optionsOf(token);
  t.match(asked.body.user, { name: email, displayName: 'Grace Hopper' });
  t.strictSame([await usedChallenge.count(), await user.count()], before, 'asking writes nothing');
  t.match((await optionsOf(token, { email })).body.errors, [{ pointer: '/email', code: 'unknown' }]);
  const authenticator = new Authenticator();
  const { status, body } = await accept(token, { passkey: authenticator.create(asked.body) });
  t.equal(status, 201);
  t.equal(Buffer.from(asked.body.user.id, 'base64url').toString(), body.id);
  t.match(readClaims(pairOf(await signIn(authenticator)).accessToken), { sub: body.id, access: 1 });
  const events = await db.auditEvent.findMany({ where: { actorId: body.id } });
  t.strictSame(events.map(({ action }) => action).sort(), [
    'authenticator.added',
    'invitation.accepted',
    'session.opened',
  ]);
});

t.test('What is no new passkey for this invitation is refused, and makes nothing', async (t) => {
  const [{ email, token }, other] = [await invited(), await invited()];
  const registration = await ask('POST', '/register/passkey/options', { body: { name: 'Grace', email } });
  const lies: Record<string, Lie> = {
    'another origin': { origin: 'https://evil.example' },
    'another RP ID': { rpId: 'evil.example' },
    'the challenge of another invitation': { challenge: (await optionsOf(other.token)).body.challenge },
    'the challenge of a registration': { challenge: registration.body.challenge },
    'an unverified user': { isVerified: false },
  };
  for (const [name, lie] of Object.entries(lies)) {
    const passkey = new Authenticator().create((await optionsOf(token)).body, lie);
    isProblem(t, await accept(token, { passkey }), 400, 'passkey-invalid', name);
  }
  const used = (await optionsOf(token)).body;
  const unverified = new Authenticator().create(used, { isVerified: false });
  isProblem(t, await accept(token, { passkey: unverified }), 400, 'passkey-invalid');
  const right = new Authenticator().create(used);
  isProblem(t, await accept(token, { passkey: right }), 400, 'passkey-invalid', 'its challenge is used up');
  isProblem(t, await accept('unknown', { passkey: right }), 403, 'mail-token-invalid');
  isProblem(t, await optionsOf('unknown'), 403, 'mail-token-invalid');
  const twice = await accept(token, { passkey: right, password: PASSWORD });
  t.match(twice.body.errors, [{ pointer: '/passkey', code: 'unknown' }]);
  t.match((await accept(token, {})).body.errors, [{ pointer: '/password', code: 'required' }]);
  isProblem(t, await accept(token, { password: PASSWORD }), 404, 'sign-in-method-off');
  t.equal(await db.user.count({ where: { email } }), 0);
});

t.test('A passkey that has an account makes no other, and an invitation makes one', async (t) => {
  const { email, token } = await invited();
  const taken = first.create((await optionsOf(token)).body);
  isProblem(t, await accept(token, { passkey: taken }), 409, 'passkey-exists');
  t.equal(await db.user.count({ where: { email } }), 0);
  const asked = [(await optionsOf(token)).body, (await optionsOf(token)).body];
  const answers = await Promise.all(
    asked.map((options) => accept(token, { passkey: new Authenticator().create(options) })),
  );
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 403]);
  t.equal(await db.user.count({ where: { email } }), 1);
});
