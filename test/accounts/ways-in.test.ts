/** Every way in, in every state of an account and of what is sent: one table. */
import t from 'tap';
import { codeCounter } from '#latchkey/accounts/sign-in/account-counter.ts';
import { type Answer, PASSWORD, startApi } from '../helper.ts';
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
  readonly state: State;
  readonly email: string;
  readonly password: string;
}

async function setUp(state: State, hasTotp: boolean): Promise<Case> {
  const owner = await newOwnerAt(api);
  if (!hasTotp) await db.user.update({ where: { id: owner.id }, data: { secondFactor: false } });
  if (state === 'disabled') await db.user.update({ where: { id: owner.id }, data: { disabled: true } });
  const lock = (subject: readonly string[]) =>
    db.failedTries.create({
      data: { id: throttle.hash(subject), failures: 100, countedAt: Date.now(), nextTryAt: 0 },
    });
  if (state === 'locked') await lock(['account', owner.email]);
  if (state === 'second factor locked') await lock(codeCounter(owner.id).subject);
  const email = state === 'unknown' ? `nobody-${owner.email}` : owner.email;
  return { owner, state, email, password: state === 'wrong' ? WRONG : PASSWORD };
}

/** The code of a state; undefined where none is sent. */
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

async function signIn(of: Case, kind?: 'code' | 'recoveryCode'): Promise<string> {
  const { email, password } = of;
  const first = await ask('POST', '/login', { body: { email, password } });
  if (kind === undefined || first.body.challenge === undefined) return outcome(first);
  const code = await codeFor(of, kind);
  if (Object.keys(code).length === 0) return outcome(first);
  return outcome(
    await ask('POST', '/login/second-factor', { body: { challenge: first.body.challenge, ...code } }),
  );
}

async function proveAgain(of: Case, kind?: 'code' | 'recoveryCode', sendsPassword = true): Promise<string> {
  const code = kind === undefined ? {} : await codeFor(of, kind);
  const body = { ...(sendsPassword && { password: of.password }), ...code };
  return outcome(await ask('POST', '/me/reauthenticate', { token: of.owner.token, body }));
}

const [none, challenge] = ['invalid-credentials', 'second-factor-required'];
const two = 'two-factors-required';

/** The outcomes in the order of the states; undefined where there is no such case. */
const ways: Record<
  string,
  { hasTotp: boolean; act(of: Case): Promise<string>; outcomes: (string | undefined)[] }
> = {
  'POST /login, no second factor': {
    hasTotp: false,
    act: (of) => signIn(of),
    outcomes: [none, none, none, none, '200'],
  },
  'POST /login': {
    hasTotp: true,
    act: (of) => signIn(of),
    outcomes: [none, none, none, none, challenge],
  },
  'POST /login, then code': {
    hasTotp: true,
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
    hasTotp: true,
    act: (of) => signIn(of, 'recoveryCode'),
    outcomes: [none, none, none, none, '200', challenge, 'wrong-code', 'wrong-code', 'wrong-code', '200'],
  },
  'POST /me/reauthenticate, no second factor': {
    hasTotp: false,
    act: (of) => proveAgain(of),
    outcomes: [undefined, 'invalid-token', 'wrong-password', 'wrong-password', '200'],
  },
  'POST /me/reauthenticate, password and code': {
    hasTotp: true,
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
    hasTotp: true,
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
    hasTotp: true,
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

for (const [way, { hasTotp, act, outcomes }] of Object.entries(ways)) {
  t.test(way, async (t) => {
    for (const [n, state] of states.entries()) {
      const expected = outcomes[n];
      if (expected === undefined) continue;
      const seen = await act(await setUp(state, hasTotp));
      t.equal(seen, expected, state);
      t.comment(`| ${way} | ${state} | ${seen} |`);
    }
  });
}

t.test('Before the first factor is right, no answer tells whether there is a second one', async (t) => {
  for (const state of ['unknown', 'disabled', 'wrong', 'locked'] as const) {
    const bodies = [];
    for (const hasTotp of [true, false]) {
      const { email, password } = await setUp(state, hasTotp);
      const { status, headers, body } = await ask('POST', '/login', { body: { email, password } });
      const { date: _, 'x-request-id': __, 'content-length': length, ...rest } = headers;
      bodies.push({ status, length, rest, body: { ...body, requestId: '' } });
    }
    t.strictSame(bodies[0], bodies[1], state);
  }
});
