import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { envSchema } from 'env-schema';
import { type Static, Type } from 'typebox';

/** The package's root, where relative paths of the configuration start. */
export const packageRoot = resolve(import.meta.dirname, '..');

/** The version in package.json. */
export const version: string = readVersion();

/** Seconds. Revocations are kept in memory for as long as a token can live, so a token may not live long. */
const LONGEST_ACCESS_TOKEN_TTL = 3600;

/**
 * Every variable that Latchkey reads, with its default. README.md and .env.example list the same ones,
 * and a test holds them to this table.
 */
export const Environment = Type.Object({
  NODE_ENV: Type.String({
    default: 'development',
    description: '`production` turns the start-up text into log lines',
    examples: ['production'],
  }),
  HOST: Type.String({ default: '127.0.0.1', description: 'address to listen on', examples: ['0.0.0.0'] }),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65_535,
    description: 'port to listen on',
    examples: [3000],
  }),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+(/[^?#]*[^/?#])?$',
      description:
        'the URL that clients use, without a slash at the end; also the issuer and audience of tokens (default: from `HOST` and `PORT`)',
      examples: ['https://accounts.example.com'],
    }),
  ),
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
  SECRET: Type.Optional(
    Type.String({
      minLength: 32,
      description:
        'key for what is sealed or hashed with a key, 32 characters or more (default: made and kept in `DATA_DIR`)',
      examples: ['the output of: openssl rand -base64 48'],
    }),
  ),
  JWT_PRIVATE_KEY: Type.Optional(
    Type.String({
      description:
        'ES256 private key that signs access tokens, PEM or a path to it (default: made and kept in `DATA_DIR`)',
      examples: ['/run/secrets/signing-key.pem'],
    }),
  ),
  ACCESS_LEVELS: Type.String({
    default: 'guest:0,user:1,admin:2',
    description:
      'names and numbers of the access levels: `guest` is 0, `user` is what new users get, `admin` is the highest',
    examples: ['guest:0,user:1,moderator:5,admin:10'],
  }),
  ACCESS_TOKEN_TTL: Type.Integer({
    default: 900,
    minimum: 10,
    maximum: LONGEST_ACCESS_TOKEN_TTL,
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
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
    examples: ['warn'],
  }),
});
export type Environment = Static<typeof Environment>;

/** A name for an integer that users hold and routes ask for. */
export interface AccessLevel {
  readonly name: string;
  readonly number: number;
}

/** The configuration of one process: typed, complete and frozen. Lifetimes are seconds. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly secret: string | undefined;
  readonly jwtPrivateKey: string | undefined;
  /** Ascending by number; the first is `guest`, the last is `admin`. */
  readonly accessLevels: readonly AccessLevel[];
  readonly accessTokenTtl: number;
  readonly passwordMinLength: number;
  readonly firstAdmin: { readonly email: string; readonly password: string } | undefined;
  readonly logLevel: Environment['LOG_LEVEL'];
}

/** A variable has a value that Latchkey can't run with. The message is one line that says what to set. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads the configuration from `.env` at the package's root and the process's environment, which wins.
 *
 * @param overrides variables that win over both
 * @throws {ConfigError} when a variable is missing or has a wrong value
 */
export function readConfig(overrides: Record<string, string | undefined> = {}): Config {
  return parseConfig({ ...readDotenv(), ...process.env, ...overrides });
}

/**
 * Checks an environment and turns it into a {@link Config}.
 *
 * @throws {ConfigError} when a variable is missing or has a wrong value
 */
export function parseConfig(variables: Record<string, string | undefined>): Config {
  const environment = checkEnvironment(variables);
  const dataDir = resolve(packageRoot, environment.DATA_DIR);
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = environment;
  if ((email === undefined) !== (password === undefined)) {
    const missing = email === undefined ? 'ADMIN_EMAIL' : 'ADMIN_PASSWORD';
    throw new ConfigError(
      `${missing} is missing: ADMIN_EMAIL and ADMIN_PASSWORD are set together or not at all`,
    );
  }
  return Object.freeze({
    production: environment.NODE_ENV === 'production',
    host: environment.HOST,
    port: environment.PORT,
    publicUrl: environment.PUBLIC_URL ?? defaultPublicUrl(environment.HOST, environment.PORT),
    dataDir,
    databaseUrl: absoluteDatabaseUrl(environment.DATABASE_URL ?? `file:${resolve(dataDir, 'latchkey.db')}`),
    secret: environment.SECRET,
    jwtPrivateKey: environment.JWT_PRIVATE_KEY,
    accessLevels: parseAccessLevels(environment.ACCESS_LEVELS),
    accessTokenTtl: environment.ACCESS_TOKEN_TTL,
    passwordMinLength: environment.PASSWORD_MIN_LENGTH,
    firstAdmin:
      email === undefined || password === undefined ? undefined : Object.freeze({ email, password }),
    logLevel: environment.LOG_LEVEL,
  });
}

function checkEnvironment(variables: Record<string, string | undefined>): Environment {
  // `NAME=` in .env.example means "not set".
  const data = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  try {
    return envSchema<Environment>({ schema: structuredClone(Environment), data, env: false });
  } catch (error) {
    throw new ConfigError(describeProblem(error), { cause: error });
  }
}

/** `PORT must be <= 65535 (example: PORT=3000)`. The value is left out, for it may be a secret. */
function describeProblem(error: unknown): string {
  const first: unknown =
    error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined;
  if (!isSchemaError(first)) return error instanceof Error ? error.message : 'the environment cannot be read';
  const name = first.instancePath.slice(1);
  const property = Object.entries(Environment.properties).find(([key]) => key === name)?.[1];
  const example =
    property !== undefined && 'examples' in property && Array.isArray(property.examples)
      ? property.examples[0]
      : '';
  return `${name} ${first.message} (example: ${name}=${example})`;
}

function isSchemaError(value: unknown): value is { instancePath: string; message: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'instancePath' in value &&
    typeof value.instancePath === 'string' &&
    'message' in value
  );
}

/** Parses `guest:0,user:1,admin:2`; the rules are those of the design's section "Access". */
function parseAccessLevels(text: string): readonly AccessLevel[] {
  const refuse = (problem: string): never => {
    throw new ConfigError(
      `ACCESS_LEVELS ${problem} (example: ACCESS_LEVELS=guest:0,user:1,moderator:5,admin:10)`,
    );
  };
  const levels = text.split(',').map((entry) => {
    const match = /^\s*([a-z][a-z0-9_-]{0,31}):(\d{1,9})\s*$/.exec(entry);
    return match?.[1] === undefined
      ? refuse(`has an entry that is not name:number, "${entry.trim()}"`)
      : Object.freeze({ name: match[1], number: Number(match[2]) });
  });
  levels.sort((a, b) => a.number - b.number);
  if (new Set(levels.map(({ name }) => name)).size < levels.length) refuse('names a level twice');
  if (new Set(levels.map(({ number }) => number)).size < levels.length)
    refuse('gives one number to two levels');
  if (levels[0]?.name !== 'guest' || levels[0].number !== 0) refuse('must have guest:0 as its lowest level');
  if (levels.at(-1)?.name !== 'admin') refuse('must have admin as its highest level');
  if (!levels.some(({ name }) => name === 'user')) refuse('must have a level user, which new users get');
  return Object.freeze(levels);
}

/** 0.0.0.0 and :: are places to listen on, not to send a browser to. */
function defaultPublicUrl(host: string, port: number): string {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function absoluteDatabaseUrl(url: string): string {
  return url.startsWith('file:') ? `file:${resolve(packageRoot, url.slice('file:'.length))}` : url;
}

function readDotenv(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(resolve(packageRoot, '.env'), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(resolve(packageRoot, 'package.json'), 'utf8'));
  if (
    typeof manifest === 'object' &&
    manifest !== null &&
    'version' in manifest &&
    typeof manifest.version === 'string'
  ) {
    return manifest.version;
  }
  throw new Error('package.json has no version');
}
