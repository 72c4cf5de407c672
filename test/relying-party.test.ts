/** What a start, a command and the doctor do about the name that passkeys are bound to. */
import t, { type Test } from 'tap';
import { replaceRecoveryCodes } from '#latchkey/accounts/authenticators/recovery-codes.ts';
import { unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { recordRelyingParty } from '#latchkey/boot/relying-party.ts';
import type { Finding } from '#latchkey/checks/finding.ts';
import { checkPasskeys } from '#latchkey/cli/doctor/passkeys.ts';
import { explain } from '#latchkey/cli/explain.ts';
import { parseConfig } from '#latchkey/config/index.ts';
import { addPasskey } from './accounts/authenticator.ts';
import { addTotp } from './accounts/totp.ts';
import { latchkey, serve } from './child.ts';
import { installation } from './cli/installation.ts';
import { type Api, PASSWORD, startApi } from './helper.ts';
import { noteSecretsIn } from './secret-log.ts';

const OTHER = { RP_ID: 'other.test', PASSKEY_ORIGINS: 'https://other.test' };

/** The variables of another service on the same database. */
const besides = ({ app, databaseUrl }: Api) => ({ DATABASE_URL: databaseUrl, DATA_DIR: app.config.dataDir });

const rowsOf = ({ app }: Api) => app.accounts.db.relyingParty.findMany();
const changesOf = ({ app }: Api) =>
  app.accounts.db.auditEvent.findMany({ where: { action: 'relying-party.changed' }, orderBy: { id: 'asc' } });

async function refusal(t: Test, variables: Record<string, string>): Promise<string> {
  try {
    await startApi(t, variables);
  } catch (error) {
    return explain(error);
  }
  throw new Error('It was not refused');
}

/** Adds a passkey to a new person, who has a password. */
async function addOwner(api: Api, { hasPassword = true, hasTotp = false, hasCodes = false }): Promise<void> {
  const { db } = api.app.accounts;
  const { id } = await api.person(1);
  await addPasskey(api, id);
  if (!hasPassword) await db.user.update({ where: { id }, data: { passwordHash: unusableHash() } });
  if (hasTotp) await addTotp(api, id);
  if (hasTotp && !hasCodes) await db.recoveryCode.deleteMany({ where: { userId: id } });
  if (hasCodes && !hasTotp)
    noteSecretsIn({ codes: await db.transaction((tx) => replaceRecoveryCodes(tx, id, new Date())) });
}

t.test('The first start records the name; another one is taken while there are no passkeys', async (t) => {
  const api = await startApi(t);
  t.match(await rowsOf(api), [{ id: 1, rpId: 'latchkey.test' }]);
  t.strictSame(await changesOf(api), []);
  const [before] = await rowsOf(api);
  await startApi(t, besides(api));
  t.strictSame(await rowsOf(api), [before], 'the same name is not written again');
  await startApi(t, { ...besides(api), ...OTHER });
  t.match(await rowsOf(api), [{ rpId: 'other.test' }]);
  t.match(await changesOf(api), [
    { actorId: null, before: '{"rpId":"latchkey.test"}', after: '{"rpId":"other.test"}' },
  ]);
});

t.test('With passkeys another name refuses the start, and says who has nothing else', async (t) => {
  const api = await startApi(t);
  await addOwner(api, {});
  await addOwner(api, { hasTotp: true });
  await addOwner(api, { hasCodes: true });
  await addOwner(api, { hasPassword: false, hasTotp: true, hasCodes: true });
  const other = { ...besides(api), ...OTHER };
  const message = await refusal(t, other);
  t.equal(
    message,
    'RP_ID is other.test, and the passkeys in the database (4) are bound to latchkey.test: none of them would work any more. ' +
      'Accounts that nothing else signs in to: 2. Set RP_ID=latchkey.test, or RP_ID_CHANGE=accept to start all the same.',
  );
  t.match(await refusal(t, { ...other, SIGN_IN_METHODS: 'passkey' }), 'signs in to: 4.', 'no passwords');
  t.match(await refusal(t, { ...other, SIGN_IN_METHODS: 'passkey,email' }), 'signs in to: 1.', 'mail codes');
  t.match(await rowsOf(api), [{ rpId: 'latchkey.test' }], 'nothing is recorded');
  t.strictSame(await changesOf(api), []);

  await startApi(t, { ...other, SIGN_IN_METHODS: 'password' });
  t.match(await rowsOf(api), [{ rpId: 'latchkey.test' }], 'without passkeys the name does not matter');

  await startApi(t, { ...other, RP_ID_CHANGE: 'accept' });
  t.match(await rowsOf(api), [{ rpId: 'other.test' }]);
  t.equal((await changesOf(api)).length, 1);
  await startApi(t, other);
  t.match(await refusal(t, besides(api)), 'are bound to other.test');
});

t.test('Of two starts at once, both are recorded once', async (t) => {
  const api = await startApi(t);
  const { accounts } = api.app;
  const passkeys = {
    isOn: true,
    rpId: 'other.test',
    origins: ['https://other.test'],
    acceptsChange: false,
  } as const;
  const all = [1, 2, 3].map(() => recordRelyingParty({ ...accounts, passkeys }));
  t.strictSame(await Promise.all(all), [undefined, undefined, undefined]);
  t.equal((await changesOf(api)).length, 1);
  await accounts.db.relyingParty.deleteMany();
  await Promise.all([1, 2, 3].map(() => recordRelyingParty(accounts)));
  t.match(await rowsOf(api), [{ rpId: 'latchkey.test' }]);
});

t.test('Pages of all origins are listed for browsers', async (t) => {
  const android = `android:apk-key-hash:${'a'.repeat(43)}`;
  const PASSKEY_ORIGINS = `https://latchkey.test,https://example.net, ${android}`;
  const { ask } = await startApi(t, { PASSKEY_ORIGINS });
  const { body, headers } = await ask('GET', '/.well-known/webauthn');
  t.strictSame(body, { origins: ['https://latchkey.test', 'https://example.net'] });
  t.match(headers['content-type'], /^application\/json/);
});

t.test('The doctor says what passkeys are bound to, and what would become of them', async (t) => {
  const api = await startApi(t);
  const { app } = api;
  const check = async (more: Record<string, string> = {}) => {
    const own = { RP_ID: 'latchkey.test', PASSKEY_ORIGINS: 'https://latchkey.test' };
    const { status, found, advice } = await checkPasskeys(app.accounts, parseConfig({ ...own, ...more }));
    return [status, found, advice];
  };
  const off = { SIGN_IN_METHODS: 'password' };
  t.strictSame(await check(), ['ok', 'bound to latchkey.test; 0 in the database', undefined]);
  t.strictSame(await check(off), ['ok', 'none: SIGN_IN_METHODS leaves them out', undefined]);
  t.equal((await check(OTHER))[0], 'ok', 'there are none yet');
  await addOwner(api, {});
  const alone = '1 in the database; accounts that nothing else signs in to: 1';
  t.strictSame(await check(), ['ok', 'bound to latchkey.test; 1 in the database', undefined]);
  t.strictSame(await check(off), [
    'warning',
    `off, with ${alone}`,
    'they do not work: SIGN_IN_METHODS leaves them out',
  ]);
  t.strictSame(await check(OTHER), [
    'problem',
    `RP_ID is other.test, and they are bound to latchkey.test: ${alone}`,
    'set RP_ID=latchkey.test, or RP_ID_CHANGE=accept to start all the same',
  ]);
  t.equal((await check({ ...OTHER, RP_ID_CHANGE: 'accept' }))[0], 'warning');
});

t.test('Commands neither record nor refuse, and the start says why there are none', async (t) => {
  const { db, variables } = await installation(t);
  const run = (args: string[]) => latchkey(args, { variables: { ...variables, ...OTHER }, input: PASSWORD });
  const create = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--access', 'admin'];
  t.match(await run(create), { code: 0 });
  t.equal(await db.relyingParty.count(), 0);
  const service = await serve(t, variables);
  const reason = 'PUBLIC_URL is plain http, and browsers give passkeys to https pages alone';
  t.match((await service.stop()).stdout, `There are no passkeys: ${reason}`);
  t.equal(await db.relyingParty.count(), 0);

  const { id } = await db.user.findFirstOrThrow();
  await db.relyingParty.create({ data: { id: 1, rpId: 'latchkey.test', recordedAt: new Date() } });
  await addPasskey({ app: { accounts: { db, now: async () => new Date() } } } as never, id);
  t.match(await run(['user', 'list']), { code: 0 });
  const { findings } = JSON.parse((await run(['doctor', '--json'])).stdout);
  t.ok(findings.some(({ check, status }: Finding) => check === 'passkeys' && status === 'problem'));
  t.match(await db.relyingParty.findMany(), [{ rpId: 'latchkey.test' }]);
  const refused = await latchkey(['serve'], {
    variables: { ...variables, ...OTHER, PORT: '0' },
    isRefused: true,
  });
  t.match(refused, { code: 1, stderr: /^latchkey: RP_ID is other\.test, [^\n]+\n$/ });
});
