/** Sign-in with a second factor: the challenge of the first step, and the code that answers it. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { openSessionOrChallenge } from '#latchkey/accounts/sign-in/challenges.ts';
import { signInOutcomes } from '#latchkey/accounts/sign-in/outcomes.ts';
import { provideSecondFactor } from '#latchkey/accounts/sign-in/second-factor.ts';
import { type Answer, device, PASSWORD, startApi } from '../helper.ts';
import { NO_MAIL_SERVER, tokenFor, waitingFor } from '../mailbox.ts';
import { isAccepted, pairOf, readClaims, refresh } from './client.ts';
import { addTotp, newOwnerAt, type Owner } from './totp.ts';

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;

const newOwner = (access = 1, at = api) => newOwnerAt(at, access);
const finish = (body: object) => ask('POST', '/login/second-factor', { body });
const problem = ({ status, body, headers }: Answer) => ({
  status,
  slug: body.slug,
  challenge: headers['www-authenticate'],
});
const refused = (slug: string) => ({ status: 401, slug, challenge: 'Bearer realm="latchkey"' });

t.test(
  'The right password is answered with a challenge, and its code with a session of two factors',
  async (t) => {
    const owner = await newOwner(2);
    const first = await owner.begin();
    t.strictSame(problem(first), refused('second-factor-required'));
    t.equal(first.headers['cache-control'], 'no-store');
    const { challenge, methods } = first.body;
    t.match(challenge, /^[\w-]{43}$/);
    t.strictSame(methods, ['totp', 'recoveryCode']);
    const rows = await db.signInChallenge.findMany({ where: { userId: owner.id } });
    t.strictSame(
      rows.map(({ tokenHash }) => tokenHash),
      [createHash('sha256').update(challenge).digest('base64url')],
      'only its hash is stored',
    );
    t.notMatch(JSON.stringify(rows), challenge);

    const answer = await finish({ challenge, code: await owner.totp.code() });
    t.equal(answer.headers['cache-control'], 'no-store');
    const pair = pairOf(answer);
    t.match(readClaims(pair.accessToken), { acr: '2', amr: ['pwd', 'otp', 'mfa'], access: 2, sub: owner.id });
    t.equal(await db.signInChallenge.count({ where: { userId: owner.id } }), 0);
    t.match(readClaims(pairOf(await refresh(api, pair.refreshToken)).accessToken), { acr: '2' }, 'refreshed');
    t.strictSame(
      problem(await finish({ challenge, code: await owner.totp.code() })),
      refused('challenge-invalid'),
    );
  },
);

t.test('A first step leaves no failure, in the metrics and in the audit', async (t) => {
  const own = await startApi(t, NO_MAIL_SERVER);
  const owner = await newOwner(1, own);
  const before = { ...signInOutcomes };
  await owner.begin();
  await own.app.eventAggregator.flush(own.app.accounts.db);
  const changed = Object.entries(signInOutcomes).filter(([name, n]) => n !== Object(before)[name]);
  t.strictSame(
    changed.map(([name]) => name),
    ['second-factor-required'],
  );
  t.equal(await own.app.accounts.db.auditEvent.count({ where: { action: 'sign-in.failed' } }), 0);
});

t.test('A recovery code opens a session once, and the owner is told how many are left', async (t) => {
  const owner = await newOwner();
  const [recoveryCode = ''] = owner.totp.recoveryCodes;
  const typed = ` ${recoveryCode.toUpperCase().replaceAll('-', ' ')}`;
  const pair = pairOf(await finish({ challenge: await owner.challenge(), recoveryCode: typed }));
  t.match(readClaims(pair.accessToken), { acr: '2', amr: ['pwd', 'otp', 'recovery', 'mfa'] });
  t.match(await waitingFor(api, owner.email), [{ template: 'recovery-code-used', values: { left: '9' } }]);
  const event = await db.auditEvent.findFirst({
    where: { action: 'recovery-code.used', targetId: owner.id },
  });
  t.equal(event?.after, '{"left":9}');
  const again = await finish({ challenge: await owner.challenge(), recoveryCode });
  t.strictSame(problem(again), refused('wrong-code'));
});

t.test('A code is used once, also by another challenge', async (t) => {
  const owner = await newOwner();
  const code = await owner.totp.code();
  t.equal((await finish({ challenge: await owner.challenge(), code })).status, 200);
  const challenge = await owner.challenge();
  t.strictSame(problem(await finish({ challenge, code })), refused('code-already-used'));
  t.equal((await finish({ challenge, code: await owner.totp.code() })).status, 200, 'the challenge goes on');
});

t.test('The cap of the first step holds for the session', async (t) => {
  const owner = await newOwner(2);
  const challenge = await owner.challenge(1);
  const code = await owner.totp.code();
  t.match((await finish({ challenge, code, access: 2 })).body, {
    status: 400,
    errors: [{ pointer: '/access' }],
  });
  t.match(readClaims(pairOf(await finish({ challenge, code })).accessToken), { access: 1 });
});

t.test('The body has a challenge and exactly one code', async (t) => {
  const owner = await newOwner();
  const challenge = await owner.challenge();
  const [recoveryCode] = owner.totp.recoveryCodes;
  const bodies: [object, object[]][] = [
    [{ challenge }, [{ pointer: '/code', code: 'required' }]],
    [{ challenge, code: '123456', recoveryCode }, [{ pointer: '/recoveryCode', code: 'conflict' }]],
    [{ code: '123456' }, [{ pointer: '/challenge', code: 'required' }]],
    [{ challenge, code: 123456 }, [{ pointer: '/code', code: 'type' }]],
    [{ challenge, code: '12345' }, [{ pointer: '/code', code: 'format' }]],
    [{ challenge, recoveryCode: 'short' }, [{ pointer: '/recoveryCode', code: 'format' }]],
  ];
  for (const [body, errors] of bodies) t.match((await finish(body)).body, { status: 400, errors });
  t.match(
    await db.signInChallenge.findMany({ where: { userId: owner.id } }),
    [{ tries: 0 }],
    'no code was counted',
  );
});

t.test('A challenge takes five codes', async (t) => {
  const owner = await newOwner();
  const challenge = await owner.challenge();
  const code = await owner.totp.wrongCode();
  for (let n = 0; n < 5; n++) t.strictSame(problem(await finish({ challenge, code })), refused('wrong-code'));
  await db.failedTries.updateMany({ data: { nextTryAt: 0 } });
  const right = { challenge, code: await owner.totp.code() };
  t.strictSame(problem(await finish(right)), refused('challenge-invalid'));
  t.equal(
    (await finish({ ...right, challenge: await owner.challenge() })).status,
    200,
    'of another one it is right',
  );
});

t.test('Two calls at once with one challenge make one session', async (t) => {
  const owner = await newOwner();
  const challenge = await owner.challenge();
  const [recoveryCode, other] = owner.totp.recoveryCodes;
  const sessions = () => db.session.count({ where: { userId: owner.id } });
  const before = await sessions();
  const code = await owner.totp.code();
  const answers = await Promise.all([
    finish({ challenge, code }),
    finish({ challenge, recoveryCode }),
    finish({ challenge, recoveryCode: other }),
  ]);
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 401, 401]);
  t.equal(await sessions(), before + 1);
  const used = await db.recoveryCode.count({ where: { userId: owner.id } });
  const { lastStep } = await db.totp.findUniqueOrThrow({ where: { userId: owner.id } });
  t.equal(10 - used + Number(lastStep > 0), 1, 'and use one code up');
});

t.test('Of two calls that have both passed every check, one uses the challenge up', async (t) => {
  const owner = await newOwner();
  const challenge = await owner.challenge();
  let waiting = 0;
  let open = () => {};
  const bothAreThere = new Promise<void>((resolve) => {
    open = resolve;
  });
  const gated = new Proxy(db, {
    get: (target, name) => {
      const value = Reflect.get(target, name, target);
      if (name !== 'transaction') return typeof value === 'function' ? value.bind(target) : value;
      return async (work: Parameters<typeof db.transaction>[0]) => {
        if (++waiting === 2) open();
        await bothAreThere;
        return target.transaction(work);
      };
    },
  });
  const provide = (recoveryCode?: string) =>
    provideSecondFactor(
      { ...app.accounts, db: gated },
      { challenge, ...(recoveryCode !== undefined && { recoveryCode }) },
      device,
    ).then(
      () => 'opened',
      (error) => error.slug,
    );
  const [first, second] = owner.totp.recoveryCodes;
  t.strictSame((await Promise.all([provide(first), provide(second)])).sort(), [
    'challenge-invalid',
    'opened',
  ]);
  t.equal(await db.recoveryCode.count({ where: { userId: owner.id } }), 9, 'the other code stays');
});

t.test('A challenge ends after five minutes', async (t) => {
  const owner = await newOwner();
  const challenge = await owner.challenge();
  const { createdAt, expiresAt } = await db.signInChallenge.findFirstOrThrow({ where: { userId: owner.id } });
  t.equal(expiresAt.getTime() - createdAt.getTime(), 300_000);
  await db.signInChallenge.updateMany({
    where: { userId: owner.id },
    data: { expiresAt: new Date(Date.now() - 1_000) },
  });
  t.strictSame(
    problem(await finish({ challenge, code: await owner.totp.code() })),
    refused('challenge-invalid'),
  );
});

t.test('An account has ten challenges at most, and the oldest goes first', async (t) => {
  const owner = await newOwner();
  const [first, second] = [await owner.challenge(), await owner.challenge()];
  for (let n = 0; n < 9; n++) await owner.begin();
  t.equal(await db.signInChallenge.count({ where: { userId: owner.id } }), 10);
  const code = await owner.totp.code();
  t.strictSame(problem(await finish({ challenge: first, code })), refused('challenge-invalid'));
  t.equal((await finish({ challenge: second, code })).status, 200);
});

t.test('A challenge ends with the epoch of its user', async (t) => {
  const admin = await person(2);
  const { token } = admin;
  const NEW = 'a password that was set anew';
  const ends: Record<string, (owner: Owner) => Promise<Answer>> = {
    'a reset password': async ({ email }) => {
      await ask('POST', '/password/forgot', { body: { email } });
      const body = { token: await tokenFor(api, email, 'password-reset'), newPassword: NEW };
      return ask('POST', '/password/reset', { body });
    },
    'a changed password': async ({ totp, challenge }) => {
      const { accessToken } = pairOf(await finish({ challenge: await challenge(), code: await totp.code() }));
      const body = { currentPassword: PASSWORD, newPassword: NEW };
      return ask('PUT', '/me/password', { token: accessToken, body });
    },
    'sessions that an admin ends': ({ id }) => ask('DELETE', `/users/${id}/sessions`, { token }),
    'a disabled user': ({ id }) => ask('PATCH', `/users/${id}`, { token, body: { disabled: true } }),
    'a deleted user': ({ id }) => ask('DELETE', `/users/${id}`, { token }),
  };
  for (const [name, end] of Object.entries(ends)) {
    const owner = await newOwner();
    const challenge = await owner.challenge();
    const code = await owner.totp.code();
    const [recoveryCode] = owner.totp.recoveryCodes;
    t.ok((await end(owner)).status < 300, name);
    t.strictSame(problem(await finish({ challenge, code })), refused('challenge-invalid'), name);
    t.strictSame(problem(await finish({ challenge, recoveryCode })), refused('challenge-invalid'), name);
  }
});

t.test('A password that is reset by mail does not skip the second factor', async (t) => {
  const owner = await newOwner();
  await ask('POST', '/password/forgot', { body: { email: owner.email } });
  const newPassword = 'a password that was set anew';
  const body = { token: await tokenFor(api, owner.email, 'password-reset'), newPassword };
  t.equal((await ask('POST', '/password/reset', { body })).status, 204);
  const { email } = owner;
  const first = await ask('POST', '/login', { body: { email, password: newPassword } });
  t.strictSame(problem(first), refused('second-factor-required'));
  const { challenge } = first.body;
  t.equal((await finish({ challenge, code: await owner.totp.code() })).status, 200);
});

t.test('An elevated user keeps the time limit through both steps', async (t) => {
  const owner = await newOwner();
  const accessUntil = new Date(Date.now() + 60_000);
  await db.user.update({ where: { id: owner.id }, data: { access: 2, accessUntil } });
  const { body } = await finish({ challenge: await owner.challenge(), code: await owner.totp.code() });
  t.match(readClaims(body.accessToken), { access: 2 });
  t.ok(body.expiresIn <= 60);
});

t.test('The row of the user decides in the transaction that opens the session', async (t) => {
  const { id } = await person(1);
  await addTotp(api, id);
  const openAt = (epoch: number) =>
    openSessionOrChallenge(app.accounts, { id, epoch }, device).then(
      () => 'opened',
      (error) => error.slug,
    );
  t.equal(await openAt(0), 'second-factor-required', 'it was enrolled after the password was verified');
  t.equal(await openAt(1), 'invalid-credentials');
});

t.test('A session of before stays as it is when the account gets a second factor', async (t) => {
  const { id, token } = await person(1);
  await addTotp(api, id);
  t.ok(await isAccepted(api, token));
});
