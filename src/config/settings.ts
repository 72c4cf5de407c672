import { Environment } from './environment.ts';

/** A variable as the process runs with it. */
export interface Setting {
  readonly name: string;
  /** Null for a secret, and where there is no value. */
  readonly value: string | null;
  /** `environment`: the environment, a file, or an option in code. */
  readonly source: 'environment' | 'default';
  readonly isSecret: boolean;
  readonly isSet: boolean;
}

/**
 * Tells which variables are secrets: keys, passwords, and URLs that may have a password or a token in them. A
 * new variable does not compile until it is listed.
 */
export const isSecretVariable = {
  NODE_ENV: false,
  HOST: false,
  PORT: false,
  PUBLIC_URL: false,
  FRONTEND_URL: false,
  PAGES: false,
  MAIL_LINKS: false,
  DATA_DIR: false,
  DATABASE_URL: true,
  MIGRATIONS: false,
  TARGET_DATABASE_URL: true,
  SECRET: true,
  SECRET_PREVIOUS: true,
  JWT_PRIVATE_KEY: true,
  JWT_PREVIOUS_KEYS: true,
  ACCESS_LEVELS: false,
  SECOND_FACTOR_FROM: false,
  SECOND_FACTOR_MAX_AGE: false,
  SIGN_IN_METHODS: false,
  RP_ID: false,
  PASSKEY_ORIGINS: false,
  RP_ID_CHANGE: false,
  ACCESS_TOKEN_TTL: false,
  PASSWORD_MIN_LENGTH: false,
  REGISTRATION: false,
  ADMIN_EMAIL: false,
  ADMIN_PASSWORD: true,
  BOOTSTRAP_API_KEY: true,
  SMTP_URL: true,
  MAIL_FROM: false,
  TRUST_PROXY: false,
  CORS_ORIGINS: false,
  COOKIES_OVER_HTTP: false,
  RATE_LIMIT: false,
  POLL_INTERVAL: false,
  MAX_CONNECTIONS: false,
  HASH_CONCURRENCY: false,
  HASH_MEMORY: false,
  AUDIT_RETENTION_DAYS: false,
  LOG_LEVEL: false,
  SHUTDOWN_DELAY: false,
  METRICS_PORT: false,
  METRICS_HOST: false,
  OTEL_EXPORTER_OTLP_ENDPOINT: true,
  OTEL_SERVICE_NAME: false,
} as const satisfies Record<keyof Environment, boolean>;

type Name = keyof Environment;

/** Values that are not in the environment as they are used: computed defaults, and limits of the machine. */
export type DerivedValues = { readonly [N in Name]?: Environment[N] | undefined };

/**
 * Describes the variables for people who may see all of them except the secrets. No value of a secret leaves
 * this function.
 *
 * @param variables as they were given; an empty one counts as not set
 * @param environment the checked variables, with their defaults
 */
export function describeSettings(
  variables: Record<string, string | undefined>,
  environment: Environment,
  derived: DerivedValues,
): readonly Setting[] {
  const values: Readonly<Record<string, unknown>> = { ...environment, ...derived };
  const secrets: Readonly<Record<string, boolean>> = isSecretVariable;
  return Object.keys(Environment.properties).map((name) => {
    const isSet = variables[name] !== undefined && variables[name] !== '';
    // What is not in the table is treated as a secret.
    const isSecret = secrets[name] ?? true;
    const value = values[name];
    return Object.freeze({
      name,
      value: isSecret || value === undefined ? null : String(value),
      source: isSet ? 'environment' : 'default',
      isSecret,
      isSet,
    });
  });
}
