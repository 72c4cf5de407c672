import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type AccessLevel, parseAccessLevels } from './access-levels.ts';
import { checkEnvironment, exampleOf } from './check-environment.ts';
import { readDotenv } from './dotenv.ts';
import { ConfigError, type Environment } from './environment.ts';
import { parseOrigins, parseTrustProxy } from './lists.ts';
import { defaultHashMemory } from './memory.ts';
import { checkNames } from './names.ts';
import { configurationRoot, isDependency } from './package.ts';
import { parseSecondFactor, type SecondFactorRules } from './second-factor.ts';
import { readSecretFiles } from './secret-files.ts';

export type { AccessLevel } from './access-levels.ts';
export { ConfigError, Environment } from './environment.ts';
export { configurationRoot, packageRoot, version } from './package.ts';

/** The configuration of one process: typed, complete and frozen. Lifetimes are seconds. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  /** Base URL of the links in mails, without a slash at the end. */
  readonly frontendUrl: string;
  /** The part of these links that has the token. */
  readonly mailLinks: Environment['MAIL_LINKS'];
  readonly dataDir: string;
  readonly databaseUrl: string;
  /** With `manual`, only `latchkey migrate` migrates the database, and no start does. */
  readonly migrations: Environment['MIGRATIONS'];
  /** URL of the database that `latchkey migrate-to` moves the data to. */
  readonly targetDatabaseUrl: string | undefined;
  readonly secret: string | undefined;
  /** Accepted beside `secret`, but not used for anything new. */
  readonly secretPrevious: string | undefined;
  readonly jwtPrivateKey: string | undefined;
  readonly jwtPreviousKeys: string | undefined;
  /** Ascending by number; the first is `guest`, the last is `admin`. */
  readonly accessLevels: readonly AccessLevel[];
  readonly secondFactor: SecondFactorRules;
  readonly accessTokenTtl: number;
  readonly passwordMinLength: number;
  readonly registration: Environment['REGISTRATION'];
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  /** Value of Fastify's option of the same name. */
  readonly trustProxy: number | string[] | false;
  readonly corsOrigins: readonly string[];
  /** Requests per minute from one network; 0 for no limit. */
  readonly rateLimit: number;
  /** Longest pause in seconds between two polls of an idle process. */
  readonly pollInterval: number;
  /** Maximum of simultaneous client connections; undefined: as many as the limit of open files allows. */
  readonly maxConnections: number | undefined;
  /** Maximum of passwords that are hashed at the same time. */
  readonly hashConcurrency: number;
  /** Memory in MiB that these hashes may use together. */
  readonly hashMemory: number;
  readonly auditRetentionDays: number;
  readonly firstAdmin: { readonly email: string; readonly password: string } | undefined;
  readonly logLevel: Environment['LOG_LEVEL'];
  /** Seconds between the signal to stop and the moment when the process accepts no more connections. */
  readonly shutdownDelay: number;
  /** Address of the listener for metrics. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Target of the traces. The SDK reads its other settings from the process's environment. */
  readonly traces: { readonly endpoint: string; readonly serviceName: string } | undefined;
}

/**
 * Reads the configuration from three sources: `.env` in {@link configurationRoot}, the environment of the
 * process, which wins over it, and the files that `*_FILE` variables name.
 *
 * @param overrides variables that win over all of these
 * @throws {ConfigError} when a variable is missing or has a wrong value, or when a name is misspelt
 */
export function readConfig(overrides: Record<string, string | undefined> = {}): Config {
  checkNames(process.env);
  const variables = {
    ...readDotenv(resolve(configurationRoot, '.env'), { isShared: isDependency }),
    ...process.env,
  };
  return parseConfig({ ...readSecretFiles(variables), ...overrides });
}

/** Tells whether npx has started this process, by the name that npm gives to what it runs. */
export function isRunByNpx(): boolean {
  return process.env.npm_lifecycle_event === 'npx';
}

/**
 * Checks an environment and turns it into a {@link Config}.
 *
 * @throws {ConfigError} when a variable is missing or has a wrong value
 */
export function parseConfig(variables: Record<string, string | undefined>): Config {
  const environment = checkEnvironment(variables);
  const dataDir = resolve(configurationRoot, environment.DATA_DIR);
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = environment;
  if ((email === undefined) !== (password === undefined)) {
    const missing = email === undefined ? 'ADMIN_EMAIL' : 'ADMIN_PASSWORD';
    throw new ConfigError(
      `${missing} is missing: ADMIN_EMAIL and ADMIN_PASSWORD are set together or not at all ${exampleOf(missing)}`,
    );
  }
  const publicUrl = environment.PUBLIC_URL ?? defaultPublicUrl(environment.HOST, environment.PORT);
  const accessLevels = parseAccessLevels(environment.ACCESS_LEVELS);
  return Object.freeze({
    production: environment.NODE_ENV === 'production',
    host: environment.HOST,
    port: environment.PORT,
    publicUrl,
    frontendUrl: environment.FRONTEND_URL ?? publicUrl,
    mailLinks: environment.MAIL_LINKS,
    dataDir,
    databaseUrl: absoluteDatabaseUrl(environment.DATABASE_URL ?? `file:${resolve(dataDir, 'latchkey.db')}`),
    migrations: environment.MIGRATIONS,
    targetDatabaseUrl: environment.TARGET_DATABASE_URL,
    secret: environment.SECRET,
    secretPrevious: environment.SECRET_PREVIOUS,
    jwtPrivateKey: environment.JWT_PRIVATE_KEY,
    jwtPreviousKeys: environment.JWT_PREVIOUS_KEYS,
    accessLevels,
    secondFactor: parseSecondFactor(environment, accessLevels),
    accessTokenTtl: environment.ACCESS_TOKEN_TTL,
    passwordMinLength: environment.PASSWORD_MIN_LENGTH,
    registration: environment.REGISTRATION,
    smtpUrl: environment.SMTP_URL,
    mailFrom: environment.MAIL_FROM,
    trustProxy: parseTrustProxy(environment.TRUST_PROXY),
    corsOrigins: parseOrigins(environment.CORS_ORIGINS),
    rateLimit: environment.RATE_LIMIT,
    pollInterval: environment.POLL_INTERVAL,
    maxConnections: environment.MAX_CONNECTIONS,
    // libuv has one thread per hash and one more (bin/latchkey.js). With more hashes, files would wait for
    // them.
    hashConcurrency: Math.min(
      environment.HASH_CONCURRENCY ?? Number.POSITIVE_INFINITY,
      availableParallelism(),
    ),
    hashMemory: environment.HASH_MEMORY ?? defaultHashMemory(),
    auditRetentionDays: environment.AUDIT_RETENTION_DAYS,
    firstAdmin:
      email === undefined || password === undefined ? undefined : Object.freeze({ email, password }),
    logLevel: environment.LOG_LEVEL,
    shutdownDelay: environment.SHUTDOWN_DELAY,
    ...parseTelemetry(environment),
  });
}

function parseTelemetry(environment: Environment): Pick<Config, 'metrics' | 'traces'> {
  const { METRICS_HOST: host, METRICS_PORT: port, OTEL_SERVICE_NAME: serviceName } = environment;
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = environment;
  return {
    metrics: port === undefined ? undefined : Object.freeze({ host, port }),
    traces: endpoint === undefined ? undefined : Object.freeze({ endpoint, serviceName }),
  };
}

/** URL under which a listener is reached. 0.0.0.0 and :: mean "all addresses": a browser cannot open them. */
export function defaultPublicUrl(host: string, port: number): string {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function absoluteDatabaseUrl(url: string): string {
  return url.startsWith('file:') ? `file:${resolve(configurationRoot, url.slice('file:'.length))}` : url;
}
