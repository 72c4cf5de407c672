/** Every way in, in every state of an account and of what is sent: one table. */
import { generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { codeCounter } from '#latchkey/accounts/sign-in/account-counter.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
import { type Authenticator, addPasskey } from './authenticator.ts';
import { newOwnerAt, type Owner } from './totp.ts';

const WRONG = 'not the password at all';
const states = [
  'unknown',
  'disabled',
  'wrong',
  'locked',
  'right',
  'second factor missing',
  'second factor wrong',
  'second factor replayed',
  'second factor locked',
  'second factor right',
] as const;
type State = (typeof states)[number];

const api = await startApi(t);
const { ask, app } = api;
const { db, throttle } = app.accounts;

/** An account in a state, and what a client sends for it. */
interface Case {
  readonly owner: Owner;
  readonly authenticator: Authenticator;
  readonly state: State;
  readonly email: string;
  readonly password: string;
}

async function setUp(state: State, hasFactor: boolean): Promise<Case> {
  const owner = await newOwnerAt(api);
  const authenticator = await addPasskey(api, owner.id);
  if (!hasFactor) await db.user.update({ where: { id: owner.id }, data: { secondFactor: false } });
  if (state === 'disabled') await db.user.update({ where: { id: owner.id }, data: { disabled: true } });
  const lock = (subject: readonly string[]) =>
    db.failedTries.create({
      data: { id: throttle.hash(subject), failures: 100, countedAt: Date.now(), nextTryAt: 0 },
    });
  if (state === 'locked') await lock(['account', owner.email]);
  if (state === 'second factor locked') await lock(codeCounter(owner.id).subject);
  const email = state === 'unknown' ? `nobody-${owner.email}` : owner.email;
  return { owner, authenticator, state, email, password: state === 'wrong' ? WRONG : PASSWORD };
}

type Kind = 'code' | 'recoveryCode' | 'passkey';
/** Asks for the options of a passkey. */
type AskOptions = () => Promise<Answer>;

/** The passkey of a state. @param use sends it, and is right */
async function passkeyFor(
  { authenticator, state }: Case,
  options: AskOptions,
  use: (body: object) => Promise<Answer>,
) {
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const isWrong = state === 'second factor wrong';
  const passkey = authenticator.get((await options()).body, isWrong ? { key } : {});
  if (state === 'second factor replayed' && (await use({ passkey })).status !== 200)
    throw new Error('Not replayed');
  return { passkey };
}

/** The code of a state; empty where none is sent. */
async function codeFor({ owner, state }: Case, kind: 'code' | 'recoveryCode') {
  const { totp } = owner;
  if (state === 'second factor missing') return {};
  if (state === 'second factor wrong')
    return { [kind]: kind === 'code' ? await totp.wrongCode() : '0000-0000-0000-0000' };
  const right = { [kind]: kind === 'code' ? await totp.code() : totp.recoveryCodes[0] };
  if (state === 'second factor replayed') {
    const body = { challenge: await owner.challenge(), ...right };
    if ((await ask('POST', '/login/second-factor', { body })).status !== 200) throw new Error('Not replayed');
  }
  return right;
}

const outcome = ({ status, body }: Answer): string => (status === 200 ? '200' : body.slug);

async function signIn(of: Case, kind?: Kind): Promise<string> {
  const { email, password, state } = of;
  const first = await ask('POST', '/login', { body: { email, password } });
  const { challenge } = first.body;
  if (kind === undefined || challenge === undefined || state === 'second factor missing')
    return outcome(first);
  const finish = (body: object) => ask('POST', '/login/second-factor', { body: { challenge, ...body } });
  const options = () => ask('POST', '/login/second-factor/options', { body: { challenge } });
  if (kind !== 'passkey') return outcome(await finish(await codeFor(of, kind)));
  const { passkey } = await passkeyFor(of, options, finish);
  if (state !== 'second factor replayed') return outcome(await finish({ passkey }));
  // The answer belongs to the challenge that it has consumed: it is sent with the next one.
  const next = { challenge: await of.owner.challenge(), passkey };
  return outcome(await ask('POST', '/login/second-factor', { body: next }));
}

async function proveAgain(of: Case, kind?: Kind, sendsPassword = true): Promise<string> {
  const { token } = of.owner;
  const own = sendsPassword && { password: of.password };
  const send = (more: object) => ask('POST', '/me/reauthenticate', { token, body: { ...own, ...more } });
  if (kind !== 'passkey') return outcome(await send(kind === undefined ? {} : await codeFor(of, kind)));
  const options = () => ask('POST', '/me/reauthenticate/options', { token });
  if (of.state === 'second factor missing') return outcome(await send({ password: of.password }));
  return outcome(await send(await passkeyFor(of, options, send)));
}

/** Signs in with the passkey alone. The states of a second factor are those of the passkey. */
async function signInWithPasskey(of: Case): Promise<string> {
  const options = () => ask('POST', '/login/passkey/options');
  const finish = (body: object) => ask('POST', '/login/passkey', { body });
  if (of.state === 'unknown') await db.passkey.deleteMany({ where: { userId: of.owner.id } });
  const isVerified = of.state !== 'second factor missing';
  if (!isVerified)
    return outcome(await finish({ passkey: of.authenticator.get((await options()).body, { isVerified }) }));
  return outcome(await finish(await passkeyFor(of, options, finish)));
}

const [none, challenge] = ['invalid-credentials', 'second-factor-required'];
const two = 'two-factors-required';
const passkey = 'passkey-not-accepted';

/** The outcomes in the order of the states; undefined where there is no such case. */
const ways: Record<
  string,
  { hasFactor: boolean; act(of: Case): Promise<string>; outcomes: (string | undefined)[] }
> = {
  'POST /login, no second factor': {
    hasFactor: false,
    act: (of) => signIn(of),
    outcomes: [none, none, none, none, '200'],
  },
  'POST /login': {
    hasFactor: true,
    act: (of) => signIn(of),
    outcomes: [none, none, none, none, challenge],
  },
  'POST /login, then code': {
    hasFactor: true,
    act: (of) => signIn(of, 'code'),
    outcomes: [
      none,
      none,
      none,
      none,
      '200',
      challenge,
      'wrong-code',
      'code-already-used',
      'wrong-code',
      '200',
    ],
  },
  'POST /login, then recoveryCode': {
    hasFactor: true,
    act: (of) => signIn(of, 'recoveryCode'),
    outcomes: [none, none, none, none, '200', challenge, 'wrong-code', 'wrong-code', 'wrong-code', '200'],
  },
  'POST /login, then passkey': {
    hasFactor: true,
    act: (of) => signIn(of, 'passkey'),
    outcomes: [none, none, none, none, '200', challenge, passkey, passkey, '200', '200'],
  },
  'POST /login/passkey': {
    hasFactor: true,
    act: (of) => signInWithPasskey(of),
    outcomes: [passkey, passkey, undefined, '200', '200', passkey, passkey, passkey, '200', '200'],
  },
  'POST /me/reauthenticate, passkey alone': {
    hasFactor: true,
    act: (of) => proveAgain(of, 'passkey', false),
    outcomes: [undefined, 'invalid-token', undefined, '200', '200', two, passkey, passkey, '200', '200'],
  },
  'POST /me/reauthenticate, password and passkey': {
    hasFactor: true,
    act: (of) => proveAgain(of, 'passkey'),
    outcomes: [
      undefined,
      'invalid-token',
      'wrong-password',
      'wrong-password',
      '200',
      two,
      passkey,
      passkey,
      '200',
      '200',
    ],
  },
  'POST /me/reauthenticate, no second factor': {
    hasFactor: false,
    act: (of) => proveAgain(of),
    outcomes: [undefined, 'invalid-token', 'wrong-password', 'wrong-password', '200'],
  },
  'POST /me/reauthenticate, password and code': {
    hasFactor: true,
    act: (of) => proveAgain(of, 'code'),
    outcomes: [
      undefined,
      'invalid-token',
      'wrong-password',
      'wrong-password',
      '200',
      two,
      'wrong-code',
      'code-already-used',
      'wrong-code',
      '200',
    ],
  },
  'POST /me/reauthenticate, password and recoveryCode': {
    hasFactor: true,
    act: (of) => proveAgain(of, 'recoveryCode'),
    outcomes: [
      undefined,
      'invalid-token',
      'wrong-password',
      'wrong-password',
      '200',
      two,
      'wrong-code',
      'wrong-code',
      'wrong-code',
      '200',
    ],
  },
  'POST /me/reauthenticate, code alone': {
    hasFactor: true,
    act: (of) => (of.state === 'second factor missing' ? proveAgain(of) : proveAgain(of, 'code', false)),
    outcomes: [
      undefined,
      'invalid-token',
      undefined,
      '200',
      '200',
      two,
      'wrong-code',
      'code-already-used',
      'wrong-code',
      '200',
    ],
  },
};

for (const [way, { hasFactor, act, outcomes }] of Object.entries(ways)) {
  t.test(way, async (t) => {
    for (const [n, state] of states.entries()) {
      const expected = outcomes[n];
      if (expected === undefined) continue;
      const seen = await act(await setUp(state, hasFactor));
      t.equal(seen, expected, state);
      t.comment(`| ${way} | ${state} | ${seen} |`);
    }
  });
}

t.test('Before the first factor is right, no answer tells whether there is a second one', async (t) => {
  for (const state of ['unknown', 'disabled', 'wrong', 'locked'] as const) {
    const bodies = [];
    for (const hasFactor of [true, false]) {
      const { email, password } = await setUp(state, hasFactor);
      const { status, headers, body } = await ask('POST', '/login', { body: { email, password } });
      const { date: _, 'x-request-id': __, 'content-length': length, ...rest } = headers;
      bodies.push({ status, length, rest, body: { ...body, requestId: '' } });
    }
    t.strictSame(bodies[0], bodies[1], state);
  }
});
