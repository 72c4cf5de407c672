/** Every way in that begins with a mail, in every state of its token and its account: one table. */
import t from 'tap';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor } from '../mailbox.ts';
import { signIn } from './client.ts';
import { addTotp } from './totp.ts';

const states = ['unknown', 'disabled', 'wrong', 'locked', 'missing', 'replayed', 'right'] as const;
type State = (typeof states)[number];

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db, throttle } = app.accounts;
const UNKNOWN = 'dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8';
const newPassword = 'another horse, another battery';
const [invalid, missing] = ['mail-token-invalid', 'validation-failed'];
let addresses = 0;

const outcome = ({ status, body }: Answer): string => (status < 300 ? String(status) : body.slug);
const post = (path: string, body: object) => ask('POST', path, { body });

/** Locks the account of an address out, as after 100 wrong passwords. */
const lock = (email: string) =>
  db.failedTries.create({
    data: { id: throttle.hash(['account', email]), failures: 100, countedAt: Date.now(), nextTryAt: 0 },
  });

/** Sends a token as its state says. @param send makes the request */
async function use(state: State, token: string, send: (members: object) => Promise<Answer>): Promise<string> {
  if (state === 'unknown') return outcome(await send({ token: UNKNOWN }));
  if (state === 'missing') return outcome(await send({}));
  if (state === 'replayed') await send({ token });
  return outcome(await send({ token }));
}

async function reset(state: State): Promise<string> {
  const { id, email } = await person(1);
  const totp = await addTotp(api, id);
  await post('/password/forgot', { email });
  const token = await tokenFor(api, email, 'password-reset');
  if (state === 'disabled') await db.user.update({ where: { id }, data: { disabled: true } });
  if (state === 'locked') await lock(email);
  const given = state === 'wrong' ? { newPassword: 'password1234' } : { newPassword };
  const seen = await use(state, token, (members) => post('/password/reset', { ...given, ...members }));
  if (seen !== '204') return seen;
  const first = await signIn(api, email, undefined, newPassword);
  t.equal(first.body.slug, 'second-factor-required', 'a mail replaces the first factor alone');
  const body = { challenge: first.body.challenge, code: await totp.code() };
  t.equal((await post('/login/second-factor', body)).status, 200);
  return seen;
}

async function accept(state: State): Promise<string> {
  const admin = await person(2);
  const email = `invited-${addresses++}@example.com`;
  const invited = await ask('POST', '/invitations', { token: admin.token, body: { email } });
  if (invited.status !== 201) throw new Error(invited.text);
  const token = await tokenFor(api, email, 'invitation');
  // The state is that of the person who invites.
  if (state === 'disabled') await db.user.update({ where: { id: admin.id }, data: { disabled: true } });
  if (state === 'locked') await lock(email);
  const given = { name: 'Ada', password: state === 'wrong' ? 'password1234' : PASSWORD };
  return use(state, token, (members) => post('/invitations/accept', { ...given, ...members }));
}

async function register(state: State): Promise<string> {
  const email = `new-${addresses++}@example.com`;
  await post('/register', { name: 'Ada', email, password: PASSWORD });
  const token = await tokenFor(api, email, 'registration');
  if (state === 'locked') await lock(email);
  const given = { password: state === 'wrong' ? 'not the password at all' : PASSWORD };
  return use(state, token, (members) => post('/email/verify', { ...given, ...members }));
}

/** The outcomes in the order of the states; undefined where there is no such case. */
const ways: Record<string, { act(state: State): Promise<string>; outcomes: (string | undefined)[] }> = {
  'POST /password/reset': {
    act: reset,
    outcomes: [invalid, invalid, missing, '204', missing, invalid, '204'],
  },
  'POST /invitations/accept': {
    act: accept,
    outcomes: [invalid, invalid, missing, '201', missing, invalid, '201'],
  },
  'POST /email/verify, of a registration': {
    act: register,
    outcomes: [invalid, undefined, 'wrong-password', 'wrong-password', missing, invalid, '200'],
  },
};

for (const [way, { act, outcomes }] of Object.entries(ways)) {
  t.test(way, async (t) => {
    for (const [n, state] of states.entries()) {
      if (outcomes[n] === undefined) continue;
      const seen = await act(state);
      t.equal(seen, outcomes[n], state);
      t.comment(`| ${way} | ${state} | ${seen} |`);
    }
  });
}
