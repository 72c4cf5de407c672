import { envSchema } from 'env-schema';
import { type Static, Type } from 'typebox';

/** Seconds. Revocations are kept in memory for as long as a token can live, so a token may not live long. */
const LONGEST_ACCESS_TOKEN_TTL = 3600;

/** How the placeholders of .env.example begin, which production refuses. */
export const PLACEHOLDER = 'replace-this-with-';

/**
 * Every variable that Latchkey reads, with its default. README.md and .env.example list the same ones,
 * and a test holds them to this table.
 */
export const Environment = Type.Object({
  NODE_ENV: Type.String({
    default: 'development',
    description:
      '`production` asks for `SECRET` and `JWT_PRIVATE_KEY`, and turns the start-up text into log lines',
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
      pattern: '^https?://[^/?#@\\s]+(/[^?#\\s]*[^/?#\\s])?$',
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

/** A variable has a value that Latchkey can't run with. The message is one line that says what to set. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Checks the variables one by one. Those that are empty are not set.
 *
 * @throws {ConfigError} when one has a wrong value
 */
export function checkEnvironment(variables: Record<string, string | undefined>): Environment {
  // `NAME=` in .env.example means "not set".
  const data = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  try {
    const environment = envSchema<Environment>({ schema: structuredClone(Environment), data, env: false });
    checkUrls(environment);
    checkProduction(environment);
    return environment;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(describeProblem(error), { cause: error });
  }
}

/** Files in a data folder are lost with a container, and each machine would make its own: production sets both. */
function checkProduction({ NODE_ENV, SECRET, SECRET_PREVIOUS, JWT_PRIVATE_KEY }: Environment): void {
  if (NODE_ENV !== 'production') return;
  if (SECRET === undefined)
    throw new ConfigError(`SECRET is missing, which production needs ${exampleOf('SECRET')}`);
  for (const [name, value] of Object.entries({ SECRET, SECRET_PREVIOUS })) {
    if (value?.startsWith(PLACEHOLDER) || value?.startsWith('the ')) {
      throw new ConfigError(`${name} is a placeholder ${exampleOf(name)}`);
    }
  }
  if (JWT_PRIVATE_KEY === undefined || JWT_PRIVATE_KEY.startsWith(PLACEHOLDER)) {
    const what = JWT_PRIVATE_KEY === undefined ? 'is missing, which production needs' : 'is a placeholder';
    throw new ConfigError(`JWT_PRIVATE_KEY ${what} (make one: latchkey keys generate --out signing-key.pem)`);
  }
}

/** What a pattern cannot say. The values are left out of the messages: a password may be among them. */
function checkUrls({ PUBLIC_URL, DATABASE_URL }: Environment): void {
  if (PUBLIC_URL !== undefined && !URL.canParse(PUBLIC_URL))
    throw new ConfigError(`PUBLIC_URL is not a URL ${exampleOf('PUBLIC_URL')}`);
  if (DATABASE_URL !== undefined && !DATABASE_URL.startsWith('file:') && !URL.canParse(DATABASE_URL)) {
    throw new ConfigError(
      `DATABASE_URL is not a URL: write special characters of a password encoded, %40 for @ and %2F for / ${exampleOf('DATABASE_URL')}`,
    );
  }
}

/** `PORT must be <= 65535 (example: PORT=3000)`. The value is left out, for it may be a secret. */
function describeProblem(error: unknown): string {
  const first: unknown =
    error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined;
  if (!isSchemaError(first)) return error instanceof Error ? error.message : 'the environment cannot be read';
  const name = first.instancePath.slice(1);
  const isInWords = first.keyword !== 'pattern' && first.keyword !== 'enum';
  return `${name} ${isInWords ? first.message : `must be ${meaningOf(name)}`} ${exampleOf(name)}`;
}

function schemaOf(name: string): Readonly<Record<string, unknown>> {
  return { ...Object.entries(Environment.properties).find(([key]) => key === name)?.[1] };
}

/** `(example: PORT=3000)` */
export function exampleOf(name: string): string {
  const { examples } = schemaOf(name);
  return `(example: ${name}=${Array.isArray(examples) ? examples[0] : ''})`;
}

/** The first clause of a variable's description, in place of a regular expression. */
function meaningOf(name: string): string {
  const { description } = schemaOf(name);
  return String(description).split(/;| \(/, 1)[0] ?? 'of another form';
}

function isSchemaError(value: unknown): value is { instancePath: string; keyword: string; message: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'instancePath' in value &&
    typeof value.instancePath === 'string' &&
    'keyword' in value &&
    'message' in value
  );
}
