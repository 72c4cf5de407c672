import { type Static, Type } from 'typebox';
import { MIN_HASH_MEMORY_MIB } from './memory.ts';

/**
 * Upper limit of ACCESS_TOKEN_TTL. Revocations stay in memory as long as a token can live, so it is short.
 */
const MAX_ACCESS_TOKEN_TTL_SECONDS = 3600;

/**
 * Upper limit of SHUTDOWN_DELAY. A supervisor kills a process that takes too long (Kubernetes after 30 s),
 * and the requests under way need time too.
 */
const MAX_SHUTDOWN_DELAY_SECONDS = 60;

/** Upper limit of POLL_INTERVAL: a day, by which expired rows may be deleted later. */
const MAX_POLL_INTERVAL_SECONDS = 86_400;

/** Limits of SECOND_FACTOR_MAX_AGE: below a quarter of an hour, people would type codes all day. */
const MIN_SECOND_FACTOR_AGE_SECONDS = 900;
const MAX_SECOND_FACTOR_AGE_SECONDS = 90 * 86_400;

/** The sender of mails in development. */
export const DEFAULT_MAIL_FROM = 'Latchkey <latchkey@localhost>';

/** Prefix of the placeholders in .env.example, which production refuses. */
export const PLACEHOLDER = 'replace-this-with-';

/** The path of a URL, without a slash at its end. */
const PATH = '(/[^?#\\s]*[^/?#\\s])?';

/** The scheme of an app (RFC 8252 section 7.1): none that browsers or mail programs know. */
const APP_SCHEME =
  '(?!(?:https?|ftp|file|wss?|javascript|vbscript|data|blob|about|mailto|tel|sms|view-source):)[a-z][a-z0-9+.\\-]*';

/**
 * Variables that Latchkey reads, with their defaults. docs/reference/configuration.md is generated from this
 * table (npm run docs); a test compares .env.example with it.
 */
export const Environment = Type.Object({
  NODE_ENV: Type.Enum(['development', 'production', 'test'], {
    default: 'development',
    description:
      '`production` asks for `SECRET`, `JWT_PRIVATE_KEY` and `PUBLIC_URL`, and turns the start-up text into log lines',
    examples: ['production'],
  }),
  HOST: Type.String({
    default: '127.0.0.1',
    description: 'address to listen on; of a name, its first address',
    examples: ['0.0.0.0'],
  }),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65_535,
    description: 'port to listen on',
    examples: [3000],
  }),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#@\\s]+(/[^?#\\s]*[^/?#\\s])?$',
      description:
        'the URL that clients use, without a slash at the end; also the issuer and audience of tokens (default: from `HOST` and `PORT`)',
      examples: ['https://accounts.example.com'],
    }),
  ),
  FRONTEND_URL: Type.Optional(
    Type.String({
      pattern: `^(https?://[^/?#@\\s]+${PATH}|${APP_SCHEME}://([^/?#@\\s]+${PATH})?)$`,
      description:
        'the URL of your frontend, without a slash at the end, or `myapp://` for an app: where the links in mails lead (default: the pages at `PUBLIC_URL/ui`)',
      examples: ['https://app.example.com'],
    }),
  ),
  PAGES: Type.Enum(['on', 'off'], {
    default: 'on',
    description:
      '`on`: the service has pages for people at `/ui`; `off`: it has none, and mails need a `FRONTEND_URL`',
    examples: ['off'],
  }),
  MAIL_LINKS: Type.Enum(['fragment', 'query'], {
    default: 'fragment',
    description:
      'where the links in mails have their token: `fragment` (`#token=`), or `query` (`?token=`) for mail filters that rewrite links',
    examples: ['query'],
  }),
  DATA_DIR: Type.String({
    default: 'data',
    description: 'folder of the SQLite database, the signing key and the secret',
    examples: ['/var/lib/latchkey'],
  }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^(file:.|postgres(ql)?://.)',
      description:
        '`file:` for SQLite or `postgresql://` for Postgres (default: `latchkey.db` in `DATA_DIR`)',
      examples: ['postgresql://latchkey@db.example.com/latchkey'],
    }),
  ),
  MIGRATIONS: Type.Enum(['automatic', 'manual'], {
    default: 'automatic',
    description:
      '`automatic`: a start applies what is pending; `manual`: only `latchkey migrate` does, and nothing starts before',
    examples: ['manual'],
  }),
  TARGET_DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://.',
      description: 'where `latchkey migrate-to` moves the SQLite database to',
      examples: ['postgresql://latchkey@db.example.com/latchkey'],
    }),
  ),
  SECRET: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'key for refresh tokens, mails and the audit, 32 characters or more (default: made and kept in `DATA_DIR`)',
      examples: ['the output of: openssl rand -base64 48'],
    }),
  ),
  SECRET_PREVIOUS: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'the secret before, or the one to come: accepted beside `SECRET`, so that it can be changed',
      examples: ['the SECRET until now'],
    }),
  ),
  JWT_PRIVATE_KEY: Type.Optional(
    Type.String({
      description:
        'private key that signs access tokens, PEM or a path to it: P-256 signs with ES256, Ed25519 with EdDSA, RSA with RS256 (default: made and kept in `DATA_DIR`)',
      examples: ['/run/secrets/signing-key.pem'],
    }),
  ),
  JWT_PREVIOUS_KEYS: Type.Optional(
    Type.String({
      description:
        'public keys that are accepted beside it: those before, and the one to come; PEMs, or paths with commas between them',
      examples: ['/run/secrets/previous-key.pub.pem'],
    }),
  ),
  ACCESS_LEVELS: Type.String({
    default: 'guest:0,user:1,admin:2',
    description:
      'names and numbers of the access levels: `guest` is 0, `user` is what new users get, `admin` is the highest',
    examples: ['guest:0,user:1,moderator:5,admin:10'],
  }),
  SECOND_FACTOR_FROM: Type.Optional(
    Type.String({
      description:
        'the lowest level that asks for a second factor: without one, a session has the level below (default: none)',
      examples: ['admin'],
    }),
  ),
  SECOND_FACTOR_MAX_AGE: Type.Integer({
    default: 86_400,
    minimum: MIN_SECOND_FACTOR_AGE_SECONDS,
    maximum: MAX_SECOND_FACTOR_AGE_SECONDS,
    description: 'seconds that a second factor counts; after it the session has one factor again',
    examples: [86_400],
  }),
  SIGN_IN_METHODS: Type.String({
    default: 'password,passkey',
    description:
      'what people may sign in with, with commas between them: `password`, `passkey`, and `email` for codes by mail, which in production needs SMTP_URL',
    examples: ['password,passkey,email'],
  }),
  RP_ID: Type.Optional(
    Type.String({
      maxLength: 253,
      description:
        'the domain that passkeys are bound to, at or above the host of the pages; another one makes all of them useless (default: the host of `PUBLIC_URL`)',
      examples: ['example.com'],
    }),
  ),
  PASSKEY_ORIGINS: Type.Optional(
    Type.String({
      description:
        'origins of the pages and Android apps that may use passkeys, with commas between them (default: that of `PUBLIC_URL`)',
      examples: ['https://app.example.com'],
    }),
  ),
  RP_ID_CHANGE: Type.Enum(['refuse', 'accept'], {
    default: 'refuse',
    description: '`accept` starts although `RP_ID` is another one than that of the passkeys in the database',
    examples: ['accept'],
  }),
  ACCESS_TOKEN_TTL: Type.Integer({
    default: 900,
    minimum: 10,
    maximum: MAX_ACCESS_TOKEN_TTL_SECONDS,
    description: 'lifetime of an access token in seconds, one hour at most',
    examples: [900],
  }),
  PASSWORD_MIN_LENGTH: Type.Integer({
    default: 15,
    minimum: 8,
    maximum: 64,
    description: 'fewest characters in a password; NIST SP 800-63B-4 asks for 15 where it is the only factor',
    examples: [15],
  }),
  REGISTRATION: Type.Enum(['open', 'invite'], {
    default: 'open',
    description: '`open`: anyone may register; `invite`: admins invite',
    examples: ['invite'],
  }),
  ADMIN_EMAIL: Type.Optional(
    Type.String({
      maxLength: 254,
      description: 'with `ADMIN_PASSWORD`: the account that is made at boot when there is no admin',
      examples: ['ada@example.com'],
    }),
  ),
  ADMIN_PASSWORD: Type.Optional(
    Type.String({
      description: 'password of that account',
      examples: ['the output of: openssl rand -base64 24'],
    }),
  ),
  BOOTSTRAP_API_KEY: Type.Optional(
    Type.String({
      description:
        'an API key of `latchkey key generate`, for the guard of other services: the first start that has it stores it',
      examples: ['the output of: latchkey key generate'],
    }),
  ),
  SMTP_URL: Type.Optional(
    Type.String({
      pattern: '^smtps?://.',
      description:
        'the mail server, `smtp://` or `smtps://` with user and password; without one, mails are written into the folder `outbox` of `DATA_DIR`, and in production not at all',
      examples: ['smtps://latchkey:password@mail.example.com'],
    }),
  ),
  MAIL_FROM: Type.String({
    default: DEFAULT_MAIL_FROM,
    pattern: '^[^\\r\\n]*@[^\\r\\n]+$',
    description: 'the sender of mails; production asks for one with `SMTP_URL`',
    examples: ['Example <accounts@example.com>'],
  }),
  TRUST_PROXY: Type.Optional(
    Type.String({
      description:
        'the proxies in front, which say where a request comes from: how many, or their addresses and networks with commas between them (default: none is believed)',
      examples: ['10.0.0.0/8'],
    }),
  ),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      description:
        'origins whose scripts may read answers, with commas between them; `*` for all (default: none)',
      examples: ['https://app.example.com'],
    }),
  ),
  COOKIES_OVER_HTTP: Type.Enum(['off', 'on'], {
    default: 'off',
    description:
      '`on`: sessions in cookies where `PUBLIC_URL` is http and not on this machine; every network on the way can read and use them',
    examples: ['on'],
  }),
  RATE_LIMIT: Type.Integer({
    default: 1200,
    minimum: 0,
    description:
      'requests that one network may send in a minute to each process; one user may write with a tenth of them; 0 for any number',
    examples: [1200],
  }),
  POLL_INTERVAL: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: MAX_POLL_INTERVAL_SECONDS,
    description:
      'longest pause in seconds between two looks into the database while no requests come; 3600 lets a serverless Postgres sleep, 1 is no pause',
    examples: [3600],
  }),
  MAX_CONNECTIONS: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        'connections of clients that each process has at a time; more are closed at once (default: what `ulimit -n` leaves beside 100 other files, 10000 at most)',
      examples: [2000],
    }),
  ),
  HASH_CONCURRENCY: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'passwords that are hashed at a time, one a core at most (default: one a core)',
      examples: [4],
    }),
  ),
  HASH_MEMORY: Type.Optional(
    Type.Integer({
      minimum: MIN_HASH_MEMORY_MIB,
      description:
        'MiB that these hashes may take together: one takes 19, an imported one up to 128 (default: a third of the memory that the container or the machine has)',
      examples: [256],
    }),
  ),
  AUDIT_RETENTION_DAYS: Type.Integer({
    default: 365,
    minimum: 1,
    maximum: 36_500,
    description: 'days that audit events are kept',
    examples: [365],
  }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
    examples: ['warn'],
  }),
  SHUTDOWN_DELAY: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: MAX_SHUTDOWN_DELAY_SECONDS,
    description:
      'seconds that the service goes on after SIGTERM, not ready, before it takes no more connections: the time in which load balancers notice',
    examples: [5],
  }),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'port of a second listener with metrics for Prometheus at `/metrics`, which asks for no token (default: none)',
      examples: [9464],
    }),
  ),
  METRICS_HOST: Type.String({
    default: '127.0.0.1',
    description: 'address that it listens on: one that only your monitoring reaches, never a public one',
    examples: ['10.0.0.5'],
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: '^https?://.',
      description:
        'the URL of an OpenTelemetry collector, which gets a trace of each request by OTLP over HTTP (default: none)',
      examples: ['http://localhost:4318'],
    }),
  ),
  OTEL_SERVICE_NAME: Type.String({
    default: 'latchkey',
    description: 'what the service is called in traces',
    examples: ['accounts'],
  }),
});
export type Environment = Static<typeof Environment>;

/**
 * Error of a variable with a value that Latchkey cannot run with. The message is one line that says what to
 * set.
 */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
