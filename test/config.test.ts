/**
 * Tests the configuration: an environment becomes a configuration or one line with an error.
 *
 * @runs once, on SQLite: it uses no database.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import t from 'tap';
import { checkFirstAdmin } from '#latchkey/accounts/invitations/first-admin.ts';
import { PLACEHOLDER } from '#latchkey/config/environment.ts';
import { ConfigError, Environment, packageRoot, parseConfig } from '#latchkey/config/index.ts';
import { defaultHashMemory } from '#latchkey/config/memory.ts';
import { readSecretFiles, secretVariables } from '#latchkey/config/secret-files.ts';

/** Checks a configuration like a process before its start. */
function check(variables: Record<string, string | undefined>) {
  const config = parseConfig(variables);
  checkFirstAdmin(config);
  return config;
}

t.test('The configuration without any variable suits a laptop', async (t) => {
  const { settings, ...config } = check({});
  t.ok(settings.every(({ isSet, source }) => !isSet && source === 'default'));
  t.strictSame(config, {
    production: false,
    host: '127.0.0.1',
    port: 3000,
    publicUrl: 'http://localhost:3000',
    hasPages: true,
    frontendUrl: 'http://localhost:3000/ui',
    mailLinks: 'fragment',
    dataDir: join(packageRoot, 'data'),
    databaseUrl: `file:${join(packageRoot, 'data/latchkey.db')}`,
    migrations: 'automatic',
    targetDatabaseUrl: undefined,
    secret: undefined,
    secretPrevious: undefined,
    jwtPrivateKey: undefined,
    jwtPreviousKeys: undefined,
    accessLevels: [
      { name: 'guest', number: 0 },
      { name: 'user', number: 1 },
      { name: 'admin', number: 2 },
    ],
    secondFactor: { limit: undefined, maxAge: 86_400 },
    signInMethods: new Set(['password', 'passkey']),
    passkeys: { isOn: true, rpId: 'localhost', origins: ['http://localhost:3000'], acceptsChange: false },
    accessTokenTtl: 900,
    passwordMinLength: 15,
    registration: 'open',
    smtpUrl: undefined,
    mailFrom: 'Latchkey <latchkey@localhost>',
    trustProxy: false,
    corsOrigins: [],
    cookiesOverHttp: false,
    rateLimit: 1200,
    maxConnections: undefined,
    hashConcurrency: availableParallelism(),
    hashMemory: defaultHashMemory(),
    auditRetentionDays: 365,
    bootstrapApiKey: undefined,
    firstAdmin: undefined,
    logLevel: 'info',
    pollInterval: 60,
    shutdownDelay: 0,
    metrics: undefined,
    traces: undefined,
  });
  t.equal(packageRoot, resolve(import.meta.dirname, '..'));
});

t.test('Hashing takes a third of the memory, and at least that of one hash', async (t) => {
  for (const [available, mib] of [
    [512, 170],
    [16_384, 5_461],
    [64, 21],
    [32, 19],
  ] as const)
    t.equal(defaultHashMemory(available), mib);
  t.match(check({ HASH_MEMORY: '64', HASH_CONCURRENCY: '1' }), { hashMemory: 64, hashConcurrency: 1 });
  const { hashConcurrency } = check({ HASH_CONCURRENCY: '9999' });
  t.equal(hashConcurrency, availableParallelism(), 'more than the cores would keep files waiting');
});

const password = 'a password that stays here';

/** Each wrong environment, and the text of its line after the variable's name. */
const wrong: [variables: Record<string, string>, name: string, says: string][] = [
  [{ PORT: 'abc' }, 'PORT', 'must be integer'],
  [{ HASH_MEMORY: '18' }, 'HASH_MEMORY', '>= 19'],
  [{ HASH_MEMORY: '256M' }, 'HASH_MEMORY', 'must be integer'],
  [{ HASH_CONCURRENCY: '0' }, 'HASH_CONCURRENCY', '>= 1'],
  [{ PORT: '70000' }, 'PORT', '<= 65535'],
  [{ PORT: '-1' }, 'PORT', '>= 0'],
  [{ CORS_ORIGINS: 'https://*.example.com' }, 'CORS_ORIGINS', 'without paths or patterns'],
  [{ PORT: '80.5' }, 'PORT', 'must be integer'],
  [{ PUBLIC_URL: 'https://example.com/' }, 'PUBLIC_URL', 'without a slash at the end'],
  [{ PUBLIC_URL: 'https://example.com/accounts/' }, 'PUBLIC_URL', 'without a slash at the end'],
  [{ PUBLIC_URL: 'https://example.com?a=b' }, 'PUBLIC_URL', 'must be the URL'],
  [{ PUBLIC_URL: 'https://example.com#top' }, 'PUBLIC_URL', 'must be the URL'],
  [{ PUBLIC_URL: 'https://ada:secret-of-ada@example.com' }, 'PUBLIC_URL', 'must be the URL'],
  [{ PUBLIC_URL: 'https://example.com\nx: y' }, 'PUBLIC_URL', 'must be the URL'],
  [{ PUBLIC_URL: 'https://exa mple.com' }, 'PUBLIC_URL', 'must be the URL'],
  [{ PUBLIC_URL: 'https://[::1' }, 'PUBLIC_URL', 'is not a URL'],
  [{ PUBLIC_URL: 'example.com' }, 'PUBLIC_URL', 'must be the URL'],
  [{ PUBLIC_URL: 'ftp://example.com' }, 'PUBLIC_URL', 'must be the URL'],
  [{ PUBLIC_URL: 'myapp://accounts' }, 'PUBLIC_URL', 'must be the URL'],
  [{ FRONTEND_URL: 'http://' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [{ FRONTEND_URL: 'myapp:' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [{ FRONTEND_URL: 'myapp:///' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [{ FRONTEND_URL: 'myapp://account/' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [{ FRONTEND_URL: 'myapp://account#top' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [{ FRONTEND_URL: 'javascript://%0aalert(1)' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [{ FRONTEND_URL: 'data://text' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [{ FRONTEND_URL: 'file://srv/app' }, 'FRONTEND_URL', 'must be the URL of your frontend'],
  [
    { DATABASE_URL: `mysql://root:${password}@localhost/latchkey` },
    'DATABASE_URL',
    '`file:` for SQLite or `postgresql://`',
  ],
  [{ DATABASE_URL: 'data/latchkey.db' }, 'DATABASE_URL', '`file:` for SQLite or `postgresql://`'],
  [{ DATABASE_URL: 'file:' }, 'DATABASE_URL', '`file:` for SQLite or `postgresql://`'],
  [{ DATABASE_URL: 'postgresql://' }, 'DATABASE_URL', '`file:` for SQLite or `postgresql://`'],
  [{ DATABASE_URL: 'postgresql://ada:a/b@[/latchkey' }, 'DATABASE_URL', 'is not a URL'],
  [{ SECRET: 'a secret of 31 characters, so l' }, 'SECRET', '32 characters'],
  [{ ACCESS_LEVELS: 'guest:1,user:2,admin:3' }, 'ACCESS_LEVELS', 'guest:0 as its lowest'],
  [{ ACCESS_LEVELS: 'user:1,admin:2' }, 'ACCESS_LEVELS', 'guest:0 as its lowest'],
  [{ ACCESS_LEVELS: 'nobody:0,guest:1,user:2,admin:3' }, 'ACCESS_LEVELS', 'guest:0 as its lowest'],
  [{ ACCESS_LEVELS: 'guest:0,user:1,admin:2,root:3' }, 'ACCESS_LEVELS', 'admin as its highest'],
  [{ ACCESS_LEVELS: 'guest:0,user:1' }, 'ACCESS_LEVELS', 'admin as its highest'],
  [{ ACCESS_LEVELS: 'guest:0,admin:2' }, 'ACCESS_LEVELS', 'a level user'],
  [{ ACCESS_LEVELS: 'guest:0,user:1,user:2,admin:3' }, 'ACCESS_LEVELS', 'names a level twice'],
  [{ ACCESS_LEVELS: 'guest:0,user:1,editor:1,admin:2' }, 'ACCESS_LEVELS', 'one number to two levels'],
  [{ ACCESS_LEVELS: 'guest:0,user:1,public:2,admin:3' }, 'ACCESS_LEVELS', 'names a level public'],
  [{ ACCESS_LEVELS: 'garbage' }, 'ACCESS_LEVELS', 'not name:number, "garbage"'],
  [{ ACCESS_LEVELS: 'guest:0,\nx\ny,user:1,admin:2' }, 'ACCESS_LEVELS', 'not name:number, "x\\ny"'],
  [{ ACCESS_LEVELS: 'guest:0,user:1,admin:2,' }, 'ACCESS_LEVELS', 'not name:number, ""'],
  [{ ACCESS_LEVELS: 'guest:0,user:1.5,admin:2' }, 'ACCESS_LEVELS', 'not name:number, "user:1.5"'],
  [{ ACCESS_LEVELS: 'guest:-1,user:1,admin:2' }, 'ACCESS_LEVELS', 'not name:number, "guest:-1"'],
  [
    { ACCESS_LEVELS: 'guest:0,user:1,admin:9999999999' },
    'ACCESS_LEVELS',
    'not name:number, "admin:9999999999"',
  ],
  [{ ACCESS_LEVELS: 'guest:0,user:1,Admin:2' }, 'ACCESS_LEVELS', 'not name:number, "Admin:2"'],
  [{ ACCESS_TOKEN_TTL: '3601' }, 'ACCESS_TOKEN_TTL', '<= 3600'],
  [{ ACCESS_TOKEN_TTL: '0' }, 'ACCESS_TOKEN_TTL', '>= 10'],
  [{ ACCESS_TOKEN_TTL: '1.5' }, 'ACCESS_TOKEN_TTL', 'must be integer'],
  [{ ACCESS_TOKEN_TTL: '15m' }, 'ACCESS_TOKEN_TTL', 'must be integer'],
  [{ PASSWORD_MIN_LENGTH: '7' }, 'PASSWORD_MIN_LENGTH', '>= 8'],
  [{ PASSWORD_MIN_LENGTH: '65' }, 'PASSWORD_MIN_LENGTH', '<= 64'],
  [{ POLL_INTERVAL: '0' }, 'POLL_INTERVAL', '>= 1'],
  [{ SHUTDOWN_DELAY: '61' }, 'SHUTDOWN_DELAY', '<= 60'],
  [{ SHUTDOWN_DELAY: '5s' }, 'SHUTDOWN_DELAY', 'must be integer'],
  [{ METRICS_PORT: '65536' }, 'METRICS_PORT', '<= 65535'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'must be the URL'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://[::1' }, 'OTEL_EXPORTER_OTLP_ENDPOINT', 'is not a URL'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL', 'one of fatal, error'],
  [{ MAIL_LINKS: 'path' }, 'MAIL_LINKS', 'one of fragment, query'],
  [{ REGISTRATION: 'closed' }, 'REGISTRATION', 'one of open, invite'],
  [{ NODE_ENV: 'prod' }, 'NODE_ENV', 'one of development, production, test'],
  [{ ADMIN_EMAIL: 'ada@example.com' }, 'ADMIN_PASSWORD', 'is missing'],
  [{ ADMIN_PASSWORD: password }, 'ADMIN_EMAIL', 'is missing'],
  [{ ADMIN_EMAIL: 'ada', ADMIN_PASSWORD: password }, 'ADMIN_EMAIL', 'an email address'],
  [
    { ADMIN_EMAIL: 'ad\u00e1@example.com', ADMIN_PASSWORD: password },
    'ADMIN_EMAIL',
    'an email address, in ASCII characters before the @',
  ],
  [
    { ADMIN_EMAIL: `${'a'.repeat(250)}@example.com`, ADMIN_PASSWORD: password },
    'ADMIN_EMAIL',
    '254 characters',
  ],
  [
    { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'fourteen chars' },
    'ADMIN_PASSWORD',
    '15 to 128 characters',
  ],
  [{ SIGN_IN_METHODS: 'password,mail' }, 'SIGN_IN_METHODS', 'one or more of password, passkey, email'],
  [
    { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'x'.repeat(129) },
    'ADMIN_PASSWORD',
    '15 to 128 characters',
  ],
];

t.test(
  'A wrong value stops the boot with one line that names the variable, the problem and an example',
  async (t) => {
    for (const [variables, name, says] of wrong) {
      const what = JSON.stringify(variables).slice(0, 100);
      let message = 'nothing was thrown';
      try {
        check(variables);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        message = error.message;
      }
      t.ok(message.startsWith(`${name} `), `${what}: ${message}`);
      t.ok(message.includes(says), `${what}: ${message}`);
      t.match(message, new RegExp(`\\(example: ${name}=.`), what);
      t.notMatch(message, /\n/, what);
    }
  },
);

t.test('A message never repeats a secret', async (t) => {
  const secrets = [password, 'secret-of-ada', 'a secret of 31', 'fourteen chars', 'xxx', 'ada:a/b'];
  const used = wrong.flatMap(([variables]) => Object.values(variables)).join();
  for (const secret of secrets) t.ok(used.includes(secret), secret);
  for (const [variables, name] of wrong) {
    const told = String(t.throws(() => check(variables)));
    t.strictSame(
      secrets.filter((secret) => told.includes(secret)),
      [],
      name,
    );
  }
});

t.test('Values at the limit are accepted', async (t) => {
  const right: Record<string, string>[] = [
    { PORT: '0' },
    { PORT: '65535' },
    { PUBLIC_URL: 'http://localhost:3000' },
    { PUBLIC_URL: 'https://example.com/accounts/v1' },
    { FRONTEND_URL: 'https://app.example.com/a' },
    { FRONTEND_URL: 'myapp://' },
    { FRONTEND_URL: 'com.example.app://account/links' },
    { FRONTEND_URL: 'exp+myapp://account' },
    { SECRET: 'x'.repeat(32) },
    { ACCESS_TOKEN_TTL: '10' },
    { ACCESS_TOKEN_TTL: '3600' },
    { PASSWORD_MIN_LENGTH: '8' },
    { PASSWORD_MIN_LENGTH: '64' },
    { DATABASE_URL: 'postgres://ada@localhost/latchkey' },
    { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'fifteen chars !' },
    { ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: 'eight !!', PASSWORD_MIN_LENGTH: '8' },
    { UNKNOWN: 'is none of ours' },
  ];
  for (const variables of right) t.doesNotThrow(() => check(variables), JSON.stringify(variables));
});

t.test('Levels may be given in any order and are sorted by number', async (t) => {
  const { accessLevels } = check({ ACCESS_LEVELS: ' admin:10, moderator:5 ,guest:0,user:1' });
  t.strictSame(
    accessLevels.map(({ name, number }) => `${name}:${number}`),
    ['guest:0', 'user:1', 'moderator:5', 'admin:10'],
  );
});

t.test('SECOND_FACTOR_FROM names a level above guest', async (t) => {
  const levels = { ACCESS_LEVELS: 'guest:0,user:1,moderator:5,admin:10' };
  t.strictSame(check({ ...levels, SECOND_FACTOR_FROM: 'admin' }).secondFactor.limit, { from: 10, below: 5 });
  t.strictSame(check({ ...levels, SECOND_FACTOR_FROM: 'user' }).secondFactor.limit, { from: 1, below: 0 });
  for (const name of ['guest', 'root', '2'])
    t.throws(
      () => check({ ...levels, SECOND_FACTOR_FROM: name }),
      /^SECOND_FACTOR_FROM must be one of user, moderator, admin \(example: SECOND_FACTOR_FROM=admin\)$/,
    );
});

t.test('Codes by mail need a mail server in production', async (t) => {
  const secrets = { SECRET: 'x'.repeat(40), JWT_PRIVATE_KEY: 'not read yet' };
  const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://example.com', ...secrets };
  const withCodes = { ...production, SIGN_IN_METHODS: 'password,email' };
  t.throws(() => check(withCodes), /^SMTP_URL is missing: SIGN_IN_METHODS has email/);
  const mail = { SMTP_URL: 'smtp://mail.example.com', MAIL_FROM: 'accounts@example.com' };
  t.ok(check({ ...withCodes, ...mail }).signInMethods.has('email'));
  t.ok(check({ SIGN_IN_METHODS: 'email' }).signInMethods.has('email'), 'in development, mails are files');
});

t.test('An empty variable counts as not set', async (t) => {
  const empty = Object.fromEntries(Object.keys(Environment.properties).map((name) => [name, '']));
  t.strictSame(check(empty), check({}));
  t.strictSame(check({ PORT: undefined }), check({}));
});

t.test('The configuration is frozen', async (t) => {
  const config = check({ ADMIN_EMAIL: 'ada@example.com', ADMIN_PASSWORD: password });
  t.ok(Object.isFrozen(config));
  for (const part of [config.accessLevels, ...config.accessLevels, config.firstAdmin])
    t.ok(Object.isFrozen(part));
});

t.test('Metrics and traces are off by default', async (t) => {
  t.strictSame(check({ METRICS_PORT: '9464' }).metrics, { host: '127.0.0.1', port: 9464 });
  t.strictSame(check({ METRICS_PORT: '0', METRICS_HOST: '::1', HOST: '0.0.0.0' }).metrics, {
    host: '::1',
    port: 0,
  });
  t.equal(check({ METRICS_HOST: '::1', OTEL_SERVICE_NAME: 'accounts' }).metrics, undefined);
  t.strictSame(check({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }).traces, {
    endpoint: 'http://localhost:4318',
    serviceName: 'latchkey',
  });
});

t.test('The default public URL follows from the host and the port', async (t) => {
  const cases: Record<string, string> = {
    '127.0.0.1': 'http://localhost:8080',
    '0.0.0.0': 'http://localhost:8080',
    '::': 'http://localhost:8080',
    '::1': 'http://localhost:8080',
    '10.0.0.5': 'http://10.0.0.5:8080',
    'fd00::5': 'http://[fd00::5]:8080',
    'latchkey.internal': 'http://latchkey.internal:8080',
  };
  for (const [HOST, url] of Object.entries(cases))
    t.equal(check({ HOST, PORT: '8080' }).publicUrl, url, HOST);
  t.equal(check({ HOST: '::', PUBLIC_URL: 'https://example.com' }).publicUrl, 'https://example.com');
});

t.test(
  'Links in mails lead to the pages, which PAGES=off leaves out: then mail needs FRONTEND_URL',
  async (t) => {
    const SMTP_URL = 'smtp://127.0.0.1:25';
    const FRONTEND_URL = 'https://app.example.com';
    t.equal(
      check({ SMTP_URL, PUBLIC_URL: 'https://example.com/v1' }).frontendUrl,
      'https://example.com/v1/ui',
    );
    t.match(check({ SMTP_URL, FRONTEND_URL }), { hasPages: true, frontendUrl: FRONTEND_URL });
    t.match(check({ SMTP_URL, FRONTEND_URL, PAGES: 'off' }), { hasPages: false, frontendUrl: FRONTEND_URL });
    t.match(check({ PAGES: 'off' }), { hasPages: false, frontendUrl: 'http://localhost:3000' });
    t.throws(
      () => check({ SMTP_URL, PAGES: 'off' }),
      /^FRONTEND_URL is missing, which PAGES=off needs beside SMTP_URL \(example: FRONTEND_URL=/,
    );
  },
);

t.test('Relative paths start at the root of the package, wherever the process was started', async (t) => {
  const start = process.cwd();
  t.teardown(() => process.chdir(start));
  process.chdir('/');
  t.equal(check({ DATA_DIR: 'elsewhere' }).dataDir, join(packageRoot, 'elsewhere'));
  t.equal(check({ DATA_DIR: 'elsewhere' }).databaseUrl, `file:${join(packageRoot, 'elsewhere/latchkey.db')}`);
  t.equal(check({ DATABASE_URL: 'file:./some.db' }).databaseUrl, `file:${join(packageRoot, 'some.db')}`);
  t.equal(check({ DATA_DIR: '/srv/data' }).dataDir, '/srv/data');
  t.equal(check({ DATABASE_URL: 'file:/srv/some.db' }).databaseUrl, 'file:/srv/some.db');
});

t.test('.env.example lists every variable, in order, with its default', async (t) => {
  const lines = readFileSync('.env.example', 'utf8').split('\n');
  const variables = lines.flatMap((line) => /^# ([A-Z_]+=.*)$/.exec(line)?.[1] ?? []);
  t.strictSame(
    variables.map((line) => line.split('=')[0]),
    Object.keys(Environment.properties),
  );
  const parsed = parseEnv(variables.join('\n'));
  const placeholders = Object.keys(parsed).filter((name) => parsed[name]?.startsWith(PLACEHOLDER));
  t.strictSame(placeholders.sort(), ['JWT_PRIVATE_KEY', 'SECRET']);
  t.throws(() => check({ ...parsed, NODE_ENV: 'production' }), /^SECRET is a placeholder/);
  for (const name of placeholders) delete parsed[name];
  const withoutSettings = ({ settings: _, ...config }: ReturnType<typeof check>) => config;
  t.strictSame(withoutSettings(check({ ...parsed })), withoutSettings(check({})));
  const written = new Set(variables.filter((line) => !line.endsWith('=')).map((line) => line.split('=')[0]));
  const withDefault = Object.entries(Environment.properties).filter(([, schema]) => 'default' in schema);
  for (const [name] of withDefault) t.ok(written.has(name), `the default of ${name}`);
});

t.test('Secrets can be read from files', async (t) => {
  const folder = t.testdir({ secret: 'a secret of a file, with more than 32 characters\n', empty: '\n' });
  const path = join(folder, 'secret');
  for (const name of secretVariables)
    t.match(readSecretFiles({ [`${name}_FILE`]: path }), {
      [name]: 'a secret of a file, with more than 32 characters',
    });
  t.strictSame(readSecretFiles({ SECRET: 'one', SECRET_FILE: '' }), { SECRET: 'one', SECRET_FILE: '' });
  const complaints: [variables: Record<string, string>, says: RegExp][] = [
    [{ SECRET: 'one', SECRET_FILE: path }, /^SECRET and SECRET_FILE are both set/],
    [
      { SECRET_FILE: join(folder, 'nowhere') },
      /^SECRET_FILE is not the path of a file that can be read: ENOENT .*=\/run\/secrets\/secret\)$/,
    ],
    [{ DATABASE_URL_FILE: join(folder, 'empty') }, /^DATABASE_URL_FILE names an empty file/],
  ];
  for (const [variables, says] of complaints)
    t.throws(() => readSecretFiles(variables), { name: 'ConfigError', message: says });
});
