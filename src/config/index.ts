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
import { type PasskeyRules, parsePasskeys } from './passkeys.ts';
import { parseSecondFactor, type SecondFactorRules } from './second-factor.ts';
import { readSecretFiles } from './secret-files.ts';
import { describeSettings, type Setting } from './settings.ts';
import { parseSignInMethods, type SignInMethod } from './sign-in-methods.ts';

export type { AccessLevel } from './access-levels.ts';
export { ConfigError, Environment } from './environment.ts';
export { configurationRoot, packageRoot, version } from './package.ts';
export type { RelyingPartyRules } from './passkeys.ts';
export type { Setting } from './settings.ts';
export { availableMethods, type SignInMethod } from './sign-in-methods.ts';

/** The configuration of one process: typed, complete and frozen. Lifetimes are seconds. */
export interface Config {
  readonly production: boolean;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  /** True when the service has its own pages, at /ui. */
  readonly hasPages: boolean;
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
  /** First factors that people may sign in with. */
  readonly signInMethods: ReadonlySet<SignInMethod>;
  readonly passkeys: PasskeyRules;
  readonly accessTokenTtl: number;
  readonly passwordMinLength: number;
  readonly registration: Environment['REGISTRATION'];
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  /** Value of Fastify's option of the same name. */
  readonly trustProxy: number | string[] | false;
  readonly corsOrigins: readonly string[];
  /** True where sessions may be in cookies that are sent without TLS. */
  readonly cookiesOverHttp: boolean;
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
  /** The API key that the first start stores. */
  readonly bootstrapApiKey: string | undefined;
  readonly logLevel: Environment['LOG_LEVEL'];
  /** Seconds between the signal to stop and the moment when the process accepts no more connections. */
  readonly shutdownDelay: number;
  /** Address of the listener for metrics. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** Target of the traces. The SDK reads its other settings from the process's environment. */
  readonly traces: { readonly endpoint: string; readonly serviceName: string } | undefined;
  /** The variables one by one, without the values of secrets. */
  readonly settings: readonly Setting[];
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
  const hasPages = environment.PAGES === 'on';
  const passkeys = parsePasskeys(environment, publicUrl);
  const accessLevels = parseAccessLevels(environment.ACCESS_LEVELS);
  const frontendUrl = environment.FRONTEND_URL ?? (hasPages ? `${publicUrl}/ui` : publicUrl);
  // libuv has one thread per hash and one more (bin/latchkey.js). With more hashes, files would wait for
  // them.
  const hashConcurrency = Math.min(
    environment.HASH_CONCURRENCY ?? Number.POSITIVE_INFINITY,
    availableParallelism(),
  );
  const hashMemory = environment.HASH_MEMORY ?? defaultHashMemory();
  return Object.freeze({
    production: environment.NODE_ENV === 'production',
    host: environment.HOST,
    port: environment.PORT,
    publicUrl,
    hasPages,
    frontendUrl,
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
    signInMethods: parseSignInMethods(environment, passkeys),
    passkeys,
    accessTokenTtl: environment.ACCESS_TOKEN_TTL,
    passwordMinLength: environment.PASSWORD_MIN_LENGTH,
    registration: environment.REGISTRATION,
    smtpUrl: environment.SMTP_URL,
    mailFrom: environment.MAIL_FROM,
    trustProxy: parseTrustProxy(environment.TRUST_PROXY),
    corsOrigins: parseOrigins(environment.CORS_ORIGINS),
    cookiesOverHttp: environment.COOKIES_OVER_HTTP === 'on',
    rateLimit: environment.RATE_LIMIT,
    pollInterval: environment.POLL_INTERVAL,
    maxConnections: environment.MAX_CONNECTIONS,
    hashConcurrency,
    hashMemory,
    auditRetentionDays: environment.AUDIT_RETENTION_DAYS,
    firstAdmin:
      email === undefined || password === undefined ? undefined : Object.freeze({ email, password }),
    bootstrapApiKey: environment.BOOTSTRAP_API_KEY,
    logLevel: environment.LOG_LEVEL,
    shutdownDelay: environment.SHUTDOWN_DELAY,
    ...parseTelemetry(environment),
    settings: describeSettings(variables, environment, {
      PUBLIC_URL: publicUrl,
      FRONTEND_URL: frontendUrl,
      DATA_DIR: dataDir,
      HASH_CONCURRENCY: hashConcurrency,
      HASH_MEMORY: hashMemory,
      ...(passkeys.isOn && { RP_ID: passkeys.rpId, PASSKEY_ORIGINS: passkeys.origins.join(',') }),
    }),
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

/**
 * URL under which a listener is reached. 0.0.0.0 and :: mean "all addresses": a browser cannot open them.
 * Loopback addresses get the name of the machine, because passkeys need a name (WebAuthn section 5.1.3).
 */
export function defaultPublicUrl(host: string, port: number): string {
  const isLocal = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(host);
  const name = isLocal ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function absoluteDatabaseUrl(url: string): string {
  return url.startsWith('file:') ? `file:${resolve(configurationRoot, url.slice('file:'.length))}` : url;
}
