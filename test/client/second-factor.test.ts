/** Tests `@latchkey/client` with a service whose admins need a second factor. */
import t, { type Test } from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import {
  type Client,
  type ClientOptions,
  createClient,
  isProblem,
  memoryStorage,
} from '../../packages/client/src/index.ts';
import { codeOf } from '../accounts/second-factor.ts';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { startGate } from './gate.ts';
import { register } from './register.ts';

const { url: DATABASE_URL } = await createMigratedDatabase(t);
const service = await serve(t, {
  DATABASE_URL,
  DATA_DIR: await temporaryFolder(t),
  RATE_LIMIT: '0',
  SECOND_FACTOR_FROM: 'admin',
});
const { db, close } = openDatabase(DATABASE_URL);
t.teardown(close);
const gate = await startGate(t, { target: service.url });

/** Signs an admin in, or another user, with one factor. */
async function signedInAdmin(t: Test, options: Partial<ClientOptions> = {}, level = 2) {
  const { id, email } = await register(service, db, level);
  const auth = createClient({ baseUrl: gate.url, storage: memoryStorage(), ...options });
  t.teardown(() => auth.dispose());
  const { error } = await auth.signIn({ email, password: PASSWORD });
  if (error !== undefined) throw new Error(error.slug);
  gate.requests.length = 0;
  return { auth, id };
}

/** Proves a second factor: the row of the session says so, and the next token. */
async function prove(auth: Client): Promise<boolean> {
  const data = { amr: 'pwd otp', secondFactorAt: new Date() };
  await db.session.updateMany({ where: { userId: auth.state.userId ?? '' }, data });
  return (await auth.reauthenticate({ password: PASSWORD })).error === undefined;
}

t.test('A request that needs a second factor waits for the user and is sent again', async (t) => {
  const asked: string[] = [];
  const { auth, id } = await signedInAdmin(t, {
    reauthenticate: async (problem) => {
      asked.push(problem.slug);
      return prove(auth);
    },
  });
  const changes: unknown[] = [];
  auth.onChange(({ access, access2, factors }) => void changes.push([access, access2, factors]));
  t.strictSame(auth.state, { signedIn: true, access: 1, access2: 2, factors: 1, userId: id });
  await auth.loadPermissions();
  t.equal(auth.can('getControlPanel'), false);
  const answers = await Promise.all([1, 2, 3].map(() => auth.api.GET('/control-panel')));
  t.strictSame(
    answers.map(({ response }) => response.status),
    [200, 200, 200],
  );
  t.strictSame(asked, ['two-factors-required'], 'once for all requests that waited');
  t.strictSame(auth.state, { signedIn: true, access: 2, access2: undefined, factors: 2, userId: id });
  t.strictSame(changes.at(-1), [2, undefined, 2]);
  await auth.loadPermissions();
  t.equal(auth.can('getControlPanel'), true);
  t.equal(gate.count('POST /refresh'), 0, 'a refresh would not help');
});

t.test('A request stays refused when the user proves no second factor', async (t) => {
  let asked = 0;
  const onlyPassword = async () => {
    asked++;
    return (await tab.auth.reauthenticate({ password: PASSWORD })).error === undefined;
  };
  let tab = await signedInAdmin(t);
  for (const reauthenticate of [undefined, async () => false, onlyPassword]) {
    tab = await signedInAdmin(t, reauthenticate && { reauthenticate });
    const { error } = await tab.auth.api.GET('/control-panel');
    t.ok(isProblem(error, 'two-factors-required'));
    t.match(tab.auth.state, { signedIn: true, access: 1, access2: 2 });
    t.equal(gate.count('POST /refresh'), 0);
  }
  t.equal(asked, 1, 'the user is not asked again and again');
});

t.test('The answer to the proof itself goes to the caller', async (t) => {
  const answers: unknown[] = [];
  const { auth } = await signedInAdmin(t, {
    reauthenticate: async () => {
      const { error } = await auth.reauthenticate({ password: 'not this password' });
      answers.push(error?.slug);
      return false;
    },
    fetch: async (request) =>
      request.url.endsWith('/me/reauthenticate')
        ? Response.json({ slug: 'two-factors-required', status: 401 }, { status: 401 })
        : globalThis.fetch(request),
  });
  const { error } = await auth.api.GET('/control-panel');
  t.ok(isProblem(error, 'two-factors-required'));
  t.strictSame(answers, ['two-factors-required'], 'it does not wait for itself');
});

t.test('Two different problems are asked one after the other', async (t) => {
  const open = new Set<string>();
  const proven = new Set<string>();
  const asked: string[] = [];
  const { auth } = await signedInAdmin(t, {
    fetch: async (request) => {
      const slug = new URL(request.url).searchParams.get('needs');
      if (slug === null || proven.has(slug)) return globalThis.fetch(request);
      return Response.json({ slug, status: 401 }, { status: 401 });
    },
    reauthenticate: async ({ slug }) => {
      t.equal(open.size, 0, 'one question at a time');
      open.add(slug);
      asked.push(slug);
      await Promise.resolve();
      open.delete(slug);
      proven.add(slug);
    },
  });
  const needs = ['recent-sign-in-required', 'two-factors-required', 'recent-sign-in-required'];
  const answers = await Promise.all(needs.map((slug) => auth.fetch(`${gate.url}/me?needs=${slug}`)));
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  t.strictSame(asked.sort(), ['recent-sign-in-required', 'two-factors-required']);
});

t.test('A second factor that raises no level changes the state too', async (t) => {
  const { auth, id } = await signedInAdmin(t, {}, 1);
  const changes: unknown[] = [];
  auth.onChange(({ access, factors }) => void changes.push([access, factors]));
  t.equal(await prove(auth), true);
  t.strictSame(auth.state, { signedIn: true, access: 1, access2: undefined, factors: 2, userId: id });
  t.strictSame(changes, [[1, 2]]);
});

t.test('New tokens in an answer replace those of before', async (t) => {
  const { auth } = await signedInAdmin(t);
  const { data: enrolment } = await auth.api.POST('/me/totp');
  const secret = enrolment?.secret ?? '';
  await auth.api.POST('/me/totp/confirm', { body: { code: codeOf({ secret }) } });
  t.match(auth.state, { access: 2, factors: 2 }, 'a confirmed app raises the session at once');
  t.equal((await auth.api.GET('/control-panel')).response.status, 200);
  const newPassword = 'another correct horse battery';
  await auth.api.PUT('/me/password', { body: { currentPassword: PASSWORD, newPassword } });
  t.equal((await auth.api.GET('/me')).response.status, 200, 'the session goes on after a new password');
  t.equal((await auth.api.DELETE('/me/totp')).response.status, 200);
  t.match(auth.state, { signedIn: true, access: 1, factors: 1 });
  t.equal((await auth.api.GET('/me')).response.status, 200, 'and without the app');
  t.notOk(
    gate.requests.some((line) => String(line).includes('/refresh')),
    'without a refresh',
  );
});
