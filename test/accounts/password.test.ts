/**
 * Changes of the password: all other sessions end, the current one continues, and no sign-in with the old
 * password gets through.
 */
import { setTimeout as wait } from 'node:timers/promises';
import argon2 from 'argon2';
import t from 'tap';
import { changePassword } from '#latchkey/accounts/credentials/password-change.ts';
import type { SessionGrant } from '#latchkey/accounts/sessions/grant.ts';
import { openSession } from '#latchkey/accounts/sessions/sessions.ts';
import { Problem } from '#latchkey/problems/problem.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { isAccepted, open, type Pair, pairOf, readClaims, refresh, setTime, signIn } from './client.ts';

const NEW = 'another battery, correctly stapled';

const api = await startApi(t);
const { ask, app } = api;
const { db } = app.accounts;
const device = { ip: '192.0.2.1', userAgent: 'test', requestId: null };

/** The cheapest argon2 hash, for tests that are not about the password. */
const cheap = await argon2.hash(PASSWORD, { memoryCost: 1024, timeCost: 2, parallelism: 1 });

const put = (token: string, currentPassword: string, newPassword: string) =>
  ask('PUT', '/me/password', { token, body: { currentPassword, newPassword } });

/** Sets the old password again, and deletes all sessions. */
async function startOver(id: string): Promise<void> {
  await db.session.deleteMany({ where: { userId: id } });
  await db.user.update({ where: { id }, data: { passwordHash: cheap } });
}

t.test('A new password ends all other sessions, and the current one continues with a new pair', async (t) => {
  const { id, email } = await api.person(1);
  const here = await open(api, id);
  const others = [await open(api, id), await open(api, id, 0)];
  const rotated = pairOf(await refresh(api, others[0]!.refreshToken));
  await setTime(api, here.sessionId, 'authenticatedAt', -5000);

  const answer = await put(here.accessToken, PASSWORD, NEW);
  const next = pairOf(answer);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.equal(next.sessionId, here.sessionId);
  for (const { accessToken, refreshToken } of [...others, rotated]) {
    t.notOk(await isAccepted(api, accessToken));
    t.equal((await refresh(api, refreshToken)).status, 401);
  }
  t.notOk(await isAccepted(api, here.accessToken), 'also this session’s access token of before');
  t.ok(await isAccepted(api, next.accessToken));
  t.ok(Math.abs(readClaims(next.accessToken).auth_time - Date.now() / 1000) < 10, 'a password was given');
  const { sessions } = (await ask('GET', '/me/sessions', { token: next.accessToken })).body;
  t.strictSame(
    sessions.map((session: { id: string }) => session.id),
    [here.sessionId],
  );
  t.ok(await isAccepted(api, pairOf(await refresh(api, next.refreshToken)).accessToken));

  t.equal((await signIn(api, email)).status, 401, 'the old password');
  t.equal((await signIn(api, email, undefined, NEW)).status, 200, 'the new one');
});

t.test('The old refresh token is invalid after a change of the password', async (t) => {
  const { id } = await api.person(1);
  const here = await open(api, id);
  const next = pairOf(await put(here.accessToken, PASSWORD, NEW));
  t.not(next.refreshToken, here.refreshToken);
  t.equal((await refresh(api, here.refreshToken)).status, 401, 'at once: there is no moment of grace');
  t.notOk(await isAccepted(api, next.accessToken), 'presented again, it counts as stolen');
});

t.test('The cap of a session stays after a change of the password', async (t) => {
  const { id } = await api.person(2);
  const { accessToken } = await open(api, id, 1);
  t.equal(readClaims(pairOf(await put(accessToken, PASSWORD, NEW)).accessToken).access, 1);
});

t.test('A wrong current password and an invalid new one change nothing', async (t) => {
  const { id, email } = await api.person(1);
  const [here, there] = [await open(api, id), await open(api, id)];
  const before = await db.user.findUniqueOrThrow({ where: { id } });
  const wrong = await put(here.accessToken, 'wrong wrong wrong', NEW);
  t.equal(wrong.status, 403);
  t.match(wrong.body.type, /\/problems\/wrong-password$/);
  const bodies: Record<string, [body: unknown, pointer: string]> = {
    'a short one': [{ currentPassword: PASSWORD, newPassword: 'x'.repeat(14) }, '/newPassword'],
    'a long one': [{ currentPassword: PASSWORD, newPassword: 'x'.repeat(129) }, '/newPassword'],
    'one with a NUL': [{ currentPassword: PASSWORD, newPassword: `${NEW}\u0000` }, '/newPassword'],
    'no new one': [{ currentPassword: PASSWORD }, '/newPassword'],
    'no current one': [{ newPassword: NEW }, '/currentPassword'],
    'a number': [{ currentPassword: PASSWORD, newPassword: 1e20 }, '/newPassword'],
    'a member too many': [{ currentPassword: PASSWORD, newPassword: NEW, access: 2 }, '/access'],
  };
  for (const [name, [body, pointer]] of Object.entries(bodies)) {
    const answer = await ask('PUT', '/me/password', { token: here.accessToken, body });
    t.equal(answer.status, 400, name);
    t.match(answer.body.errors, [{ pointer }], name);
  }
  t.equal(
    (await ask('PUT', '/me/password', { body: { currentPassword: PASSWORD, newPassword: NEW } })).status,
    401,
  );
  t.strictSame(await db.user.findUniqueOrThrow({ where: { id } }), before);
  for (const { accessToken, refreshToken } of [here, there]) {
    t.ok(await isAccepted(api, accessToken));
    pairOf(await refresh(api, refreshToken));
  }
  t.equal((await signIn(api, email)).status, 200);
});

t.test('One of several changes at the same moment succeeds', async (t) => {
  const { id, email } = await api.person(1);
  for (let round = 0; round < 5; round++) {
    await startOver(id);
    const pairs = await Promise.all([open(api, id), open(api, id), open(api, id)]);
    // Two devices, one of them with two requests.
    const tokens = [...pairs, pairs[0]!].map(({ accessToken }) => accessToken);
    const answers = await Promise.all(tokens.map((token, n) => put(token, PASSWORD, `${NEW}, take ${n}`)));
    const statuses = answers.map(({ status }) => status);
    t.strictSame([...statuses].sort(), [200, 401, 401, 401]);
    const won = statuses.indexOf(200);
    t.ok(await isAccepted(api, answers[won]!.body.accessToken));
    t.equal(await db.session.count({ where: { userId: id } }), 1);
    t.equal((await signIn(api, email, undefined, `${NEW}, take ${won}`)).status, 200);
  }
});

t.test('A change and the end of its session at the same moment leave a consistent state', async (t) => {
  const { id } = await api.person(1);
  for (let round = 0; round < 10; round++) {
    await startOver(id);
    const { accessToken, refreshToken } = await open(api, id);
    const [changed, out] = await Promise.all([
      put(accessToken, PASSWORD, NEW),
      wait(round * 4).then(() => ask('POST', '/logout', { token: accessToken })),
    ]);
    t.ok([200, 401].includes(changed.status) && [204, 401].includes(out.status));
    const isOver = out.status === 204;
    t.equal(changed.status === 200 && (await isAccepted(api, changed.body.accessToken)), !isOver);
    t.equal((await refresh(api, changed.body.refreshToken ?? refreshToken)).status, isOver ? 401 : 200);
  }
});

t.test('A sign-in opens no session when the password was changed after the verification', async (t) => {
  const { id } = await api.person(1);
  const verified = { id, epoch: (await db.user.findUniqueOrThrow({ where: { id } })).epoch };
  const early = await openSession(app.accounts, verified, device);
  const { accessToken } = await open(api, id);
  pairOf(await put(accessToken, PASSWORD, NEW));
  const count = await db.session.count({ where: { userId: id } });
  const refused: unknown = await openSession(app.accounts, verified, device).catch((error) => error);
  t.match(refused, { slug: 'invalid-credentials', statusCode: 401 });
  t.equal(await db.session.count({ where: { userId: id } }), count);
  t.equal((await refresh(api, app.refreshTokens.write(early))).status, 401);
});

t.test('Sign-ins with the old password during a change leave no session, 200 times', async (t) => {
  const total = { won: 0, lost: 0 };
  const ROUNDS = 200;
  const LANES = 4;
  /** The measured duration of a change in milliseconds. The sign-ins are spread over it. */
  let duration = 40;

  /** Runs one round. @returns the owner's session after the change */
  async function race(owner: SessionGrant, round: number): Promise<SessionGrant> {
    const { userId: id, sessionId } = owner;
    const { epoch } = await db.user.update({ where: { id }, data: { passwordHash: cheap } });
    // The password has been verified. The insert follows, and that is what the race is about.
    const verified = { id, epoch };
    const began = performance.now();
    const change = changePassword(
      app.accounts,
      { ...owner, requestContext: device },
      { currentPassword: PASSWORD, newPassword: NEW },
      900,
    );
    const signIns = [0.6, 0.9].map(async (part) => {
      await wait(duration * (part + (round % 10) / 30));
      return openSession(app.accounts, verified, device).catch((error: Error) => error);
    });
    const changed = await change;
    duration = 0.8 * duration + 0.2 * (performance.now() - began);
    for (const opened of await Promise.all(signIns)) {
      if (opened instanceof Problem && opened.slug === 'invalid-credentials') {
        total.lost++;
      } else if (opened instanceof Error) {
        t.fail(`a sign-in failed otherwise: ${opened}`);
      } else {
        total.won++;
        if ((await refresh(api, app.refreshTokens.write(opened))).status !== 401)
          t.fail(`round ${round}: a session of the old password goes on`);
        if (await isAccepted(api, app.tokens.issue(opened).accessToken))
          t.fail(`round ${round}: an access token of the old password is accepted`);
      }
    }
    const left = await db.session.findMany({ where: { userId: id }, select: { id: true } });
    t.strictSame(left, [{ id: sessionId }], `round ${round}: the owner's session is left`);
    return changed;
  }

  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const { id } = await api.person(1);
      let owner = await openSession(app.accounts, { id, epoch: 0 }, device);
      for (let round = lane; round < ROUNDS; round += LANES) owner = await race(owner, round);
      t.equal((await refresh(api, app.refreshTokens.write(owner))).status, 200, 'the owner goes on');
    }),
  );
  t.comment(`sign-ins before the change: ${total.won}, after it: ${total.lost}`);
  t.equal(total.won + total.lost, ROUNDS * 2);
  t.ok(total.won >= 20 && total.lost >= 20, 'it was a race');
});

t.test(
  'Sign-ins over the API with the old password and an old hash leave no session after a change',
  async (t) => {
    const { id, email } = await api.person(1);
    const statuses = new Set<number>();
    for (let round = 0; round < 12; round++) {
      await startOver(id);
      const here: Pair = await open(api, id);
      const [changed, ...answers] = await Promise.all([
        put(here.accessToken, PASSWORD, NEW),
        signIn(api, email),
        wait(round * 3).then(() => signIn(api, email)),
      ]);
      t.equal(changed.status, 200);
      for (const { status, body } of answers) {
        statuses.add(status);
        if (status === 200) {
          t.equal((await refresh(api, body.refreshToken)).status, 401);
          t.notOk(await isAccepted(api, body.accessToken));
        } else {
          t.match({ status, body }, { status: 401, body: { type: /invalid-credentials$/ } });
        }
      }
      t.ok(await isAccepted(api, changed.body.accessToken));
      const { passwordHash } = await db.user.findUniqueOrThrow({ where: { id } });
      t.ok(await argon2.verify(passwordHash, NEW), 'no sign-in put the old password back');
    }
  },
);
