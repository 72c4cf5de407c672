import { Ajv, type ErrorObject } from 'ajv';
import { once } from '../lib/once.ts';
import { ConfigError, DEFAULT_MAIL_FROM, Environment, PLACEHOLDER } from './environment.ts';

/**
 * Fills in the defaults, turns text into numbers, and drops the variables of others. The schema is a constant
 * and needs no check, which would take longer than the rest of the configuration.
 */
const validator = once(() =>
  new Ajv({
    allErrors: true,
    removeAdditional: 'all',
    useDefaults: true,
    coerceTypes: true,
    meta: false,
    validateSchema: false,
  }).compile<Environment>(Environment),
);

/**
 * Checks the variables one by one. An empty variable counts as not set.
 *
 * @throws {ConfigError} when a variable has a wrong value
 */
export function checkEnvironment(variables: Record<string, string | undefined>): Environment {
  // `NAME=` in .env.example means "not set".
  const data: unknown = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  const validate = validator();
  if (!validate(data)) throw new ConfigError(describeProblem(validate.errors ?? []));
  checkUrls(data);
  checkPages(data);
  checkProduction(data);
  return data;
}

/**
 * Checks the rules of production. It must set SECRET and JWT_PRIVATE_KEY: files in a data folder are lost
 * with the container, and each machine would make its own. It must set PUBLIC_URL, because the default is a
 * URL of this machine, and is the issuer of tokens and the beginning of every link.
 */
function checkProduction({
  NODE_ENV,
  PUBLIC_URL,
  SECRET,
  SECRET_PREVIOUS,
  JWT_PRIVATE_KEY,
  SMTP_URL,
  MAIL_FROM,
}: Environment): void {
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
  if (PUBLIC_URL === undefined)
    throw new ConfigError(`PUBLIC_URL is missing, which production needs ${exampleOf('PUBLIC_URL')}`);
  if (SMTP_URL !== undefined && MAIL_FROM === DEFAULT_MAIL_FROM)
    throw new ConfigError(
      `MAIL_FROM is missing, which production needs beside SMTP_URL ${exampleOf('MAIL_FROM')}`,
    );
}

/** Checks that the links in mails lead to pages: those of the service, or those of FRONTEND_URL. */
function checkPages({ PAGES, SMTP_URL, FRONTEND_URL }: Environment): void {
  if (PAGES === 'off' && SMTP_URL !== undefined && FRONTEND_URL === undefined)
    throw new ConfigError(
      `FRONTEND_URL is missing, which PAGES=off needs beside SMTP_URL ${exampleOf('FRONTEND_URL')}`,
    );
}

/** Checks what a pattern cannot express. Messages leave the values out: a value may contain a password. */
function checkUrls({ DATABASE_URL, ...environment }: Environment): void {
  const { PUBLIC_URL, FRONTEND_URL, SMTP_URL, OTEL_EXPORTER_OTLP_ENDPOINT } = environment;
  const urls = { PUBLIC_URL, FRONTEND_URL, SMTP_URL, OTEL_EXPORTER_OTLP_ENDPOINT };
  for (const [name, value] of Object.entries(urls)) {
    if (value !== undefined && !URL.canParse(value))
      throw new ConfigError(`${name} is not a URL ${exampleOf(name)}`);
  }
  if (DATABASE_URL !== undefined && !DATABASE_URL.startsWith('file:') && !URL.canParse(DATABASE_URL)) {
    throw new ConfigError(
      `DATABASE_URL is not a URL: write special characters of a password encoded, %40 for @ and %2F for / ${exampleOf('DATABASE_URL')}`,
    );
  }
}

/** Message such as `PORT must be <= 65535 (example: PORT=3000)`, without the value: it may be a secret. */
function describeProblem([first]: readonly ErrorObject[]): string {
  if (first === undefined) return 'the environment cannot be read';
  const name = first.instancePath.slice(1);
  return `${name} ${messageOf(name, first)} ${exampleOf(name)}`;
}

function messageOf(name: string, { keyword, message = '' }: ErrorObject): string {
  const { enum: allowed } = schemaOf(name);
  if (Array.isArray(allowed)) return `must be one of ${allowed.join(', ')}`;
  return keyword === 'pattern' ? `must be ${meaningOf(name)}` : message;
}

function schemaOf(name: string): Readonly<Record<string, unknown>> {
  return { ...Object.entries(Environment.properties).find(([key]) => key === name)?.[1] };
}

/** Example of a variable: `(example: PORT=3000)`. */
export function exampleOf(name: string): string {
  const { examples } = schemaOf(name);
  return `(example: ${name}=${Array.isArray(examples) ? examples[0] : ''})`;
}

/** The first clause of a variable's description, in place of a regular expression. */
function meaningOf(name: string): string {
  const { description } = schemaOf(name);
  return String(description).split(/;| \(/, 1)[0] ?? 'of another form';
}
