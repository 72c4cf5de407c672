/** The settings that admins see: all variables, and no secret. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import t from 'tap';
import { RunningChecks } from '#latchkey/checks/running.ts';
import { type Config, Environment, parseConfig } from '#latchkey/config/index.ts';
import { parseOptions } from '#latchkey/config/options.ts';
import { isSecretVariable } from '#latchkey/config/settings.ts';
import { newApiKey } from '#latchkey/tokens/api-key.ts';
import { startApi } from '../helper.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const next = generateKeyPairSync('ed25519');
const pemOf = (key: typeof privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPemOf = (key: typeof publicKey) => key.export({ type: 'spki', format: 'pem' }).toString();

/** Parts of secrets that no answer may have. */
const parts = {
  SECRET: 'the-first-secret-of-this-test-that-is-long-enough',
  SECRET_PREVIOUS: 'the-other-secret-of-this-test-that-is-long-enough',
  ADMIN_PASSWORD: 'a long password of the first admin, for this test',
  SMTP_URL: 'password-of-the-mail-server',
  TARGET_DATABASE_URL: 'password-of-the-other-database',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'token-of-the-collector',
  DATABASE_URL: 'password-of-the-database',
};
const bootstrapKey = newApiKey(randomUUID());
const variables = {
  SECRET: parts.SECRET,
  SECRET_PREVIOUS: parts.SECRET_PREVIOUS,
  JWT_PRIVATE_KEY: pemOf(privateKey),
  JWT_PREVIOUS_KEYS: publicPemOf(next.publicKey),
  ADMIN_EMAIL: 'first@example.com',
  ADMIN_PASSWORD: parts.ADMIN_PASSWORD,
  BOOTSTRAP_API_KEY: bootstrapKey,
  SMTP_URL: `smtp://latchkey:${parts.SMTP_URL}@127.0.0.1:9`,
  TARGET_DATABASE_URL: `postgresql://latchkey:${parts.TARGET_DATABASE_URL}@db.example.com/latchkey`,
};
const linesOf = (pem: string) => pem.split('\n').filter((line) => /^[\w+/=]{20,}$/.test(line));

t.test('The answer has every variable, and no secret of the environment', async (t) => {
  const { ask, person, databaseUrl, app } = await startApi(t, { ...variables, ACCESS_TOKEN_TTL: '600' });
  const { token } = await person(2);
  const { status, body, text, headers } = await ask('GET', '/settings', { token });
  t.equal(status, 200);
  t.equal(headers['cache-control'], 'no-store');
  t.strictSame(
    body.settings.map(({ name }: { name: string }) => name),
    Object.keys(Environment.properties),
  );
  const secrets = [
    ...Object.values(parts),
    ...Object.values(parts).map(encodeURIComponent),
    ...linesOf(variables.JWT_PRIVATE_KEY),
    ...linesOf(variables.JWT_PREVIOUS_KEYS),
    bootstrapKey,
    databaseUrl,
    ...(app.databaseKind === 'sqlite' ? [] : [new URL(databaseUrl).password]),
  ];
  for (const secret of secrets.filter((one) => one !== '')) t.notOk(text.includes(secret), 'no secret');
  const setting = (name: string) => body.settings.find((one: { name: string }) => one.name === name);
  for (const name of Object.keys(variables).filter((name) => name !== 'ADMIN_EMAIL'))
    t.match(setting(name), { value: null, source: 'environment', secret: true, isSet: true }, name);
  t.match(setting('ACCESS_TOKEN_TTL'), { value: '600', source: 'environment', secret: false, isSet: true });
  t.match(setting('POLL_INTERVAL'), { value: '60', source: 'default', secret: false, isSet: false });
  t.match(setting('FRONTEND_URL'), { value: 'http://latchkey.test/ui', source: 'default', isSet: false });
  t.match(setting('METRICS_PORT'), { value: null, source: 'default', secret: false, isSet: false });
  t.match(setting('OTEL_EXPORTER_OTLP_ENDPOINT'), { value: null, secret: true, isSet: false });

  t.strictSame(body.levels, [
    { access: 0, name: 'guest' },
    { access: 1, name: 'user' },
    { access: 2, name: 'admin' },
  ]);
  t.match(body.keys, [
    { kid: app.keys.signing.kid, alg: 'ES256', state: 'signing', createdAt: /^20/ },
    { alg: 'EdDSA', state: 'verifying', createdAt: /^20/ },
  ]);
  const checks = new Map(body.findings.map((one: { check: string }) => [one.check, one]));
  t.match(checks.get('mail'), { level: 'ok', text: 'by 127.0.0.1:9', advice: null });
  t.match(checks.get('admin'), { level: 'ok', text: 'there is one' });
  t.match(checks.get('signing key'), { level: 'ok', text: /and 1 more accepted$/ });
  t.ok(checks.size >= 15, `${checks.size} checks`);
});

t.test('Every variable that may have a secret in it counts as one', async (t) => {
  const suspicious = Object.keys(Environment.properties).filter((name) =>
    /SECRET|KEY|PASSWORD|TOKEN|URL|ENDPOINT/.test(name),
  );
  const harmless = [
    'PUBLIC_URL',
    'FRONTEND_URL',
    'PASSKEY_ORIGINS',
    'ACCESS_TOKEN_TTL',
    'PASSWORD_MIN_LENGTH',
  ];
  const secret = Object.entries(isSecretVariable).flatMap(([name, is]) => (is ? [name] : []));
  t.strictSame(secret.sort(), suspicious.filter((name) => !harmless.includes(name)).sort());
  const { settings } = parseConfig({
    DATABASE_URL: `postgresql://latchkey:${parts.DATABASE_URL}@db.example.com/latchkey`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `https://collector.example.com/${parts.OTEL_EXPORTER_OTLP_ENDPOINT}`,
  });
  t.notMatch(JSON.stringify(settings), /password-of|token-of|db\.example|collector/);
  for (const wrong of ['http://ada:pw@latchkey.test', 'https://ada@latchkey.test/a'])
    for (const name of ['PUBLIC_URL', 'FRONTEND_URL'])
      t.throws(() => parseConfig({ [name]: wrong }), new RegExp(name), 'these URLs have no password');
});

t.test('A host app sees no settings of its own server', async (t) => {
  const { settings } = parseOptions({ publicUrl: 'http://latchkey.test', accessTokenTtl: 60 }, '');
  const names = settings.map(({ name }) => name);
  for (const name of ['HOST', 'PORT', 'LOG_LEVEL']) t.notOk(names.includes(name), name);
  t.match(
    settings.find(({ name }) => name === 'ACCESS_TOKEN_TTL'),
    { value: '60', source: 'environment', isSet: true },
  );
});

t.test('Nothing is found in a host app that its own settings decide', async (t) => {
  const { app } = await startApi(t);
  const { db, now } = app.accounts;
  const { dataDir, databaseUrl } = app.config;
  const config = parseOptions({ publicUrl: 'https://id.example.com', dataDir, databaseUrl }, '');
  const running = { keys: app.keys, log: app.log, database: { db, now, kind: app.databaseKind } };
  const proxiesOf = async (config: Config) =>
    (await new RunningChecks({ ...running, config }).read()).findings.filter(
      ({ check }) => check === 'proxies',
    );
  t.strictSame(await proxiesOf(config), []);
  t.equal((await proxiesOf(app.config)).length, 1, 'of a service of its own');
});

t.test('The checks run once in ten seconds, for all callers together', async (t) => {
  const { ask, person } = await startApi(t, { CORS_ORIGINS: '*' });
  const { token } = await person(2);
  const { now } = performance;
  let passed = 0;
  performance.now = () => now.call(performance) + passed;
  t.teardown(() => {
    performance.now = now;
  });
  const read = async () => (await ask('GET', '/settings', { token })).body;
  const [first, ...others] = await Promise.all([read(), read(), read()]);
  for (const { checkedAt } of [...others, await read()]) t.equal(checkedAt, first.checkedAt, 'one run');
  t.match(
    first.findings.find(({ check }: { check: string }) => check === 'origins'),
    { level: 'warning', text: /CORS_ORIGINS=\*/, advice: /^list the origins/ },
  );
  passed = 10_000;
  t.not((await read()).checkedAt, first.checkedAt, 'another run');
});

t.test('A check that fails is a finding, and says nothing of the error', async (t) => {
  const { app } = await startApi(t);
  const { db, now } = app.accounts;
  await db.raw.execute`ALTER TABLE "Erasure" RENAME TO "Gone"`;
  const logged: unknown[] = [];
  const log = { warn: (members: object) => logged.push(members) };
  const { config, keys } = app;
  const checks = new RunningChecks({ config, keys, log, database: { db, now, kind: app.databaseKind } });
  const { findings } = await checks.read();
  await db.raw.execute`ALTER TABLE "Gone" RENAME TO "Erasure"`;
  t.match(
    findings.find(({ check }) => check === 'personal data'),
    { status: 'problem', found: 'it could not be checked', advice: 'run: latchkey doctor' },
  );
  t.match(logged, [{ check: 'personal data' }]);
  t.ok(findings.length >= 15, 'the others go on');
});

t.test('Only admins read the settings', async (t) => {
  const { ask, person } = await startApi(t);
  t.equal((await ask('GET', '/settings')).status, 401);
  const { token } = await person(1);
  t.match((await ask('GET', '/settings', { token })).body, { status: 403, slug: 'access-denied' });
});
