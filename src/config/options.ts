import { ConfigError, Environment } from './environment.ts';
import { type Config, parseConfig } from './index.ts';
import { suggest } from './names.ts';

/** Variables of the process or of its server. An app that hosts Latchkey has settings of its own. */
const OF_THE_HOST = [
  'HOST',
  'PORT',
  'TRUST_PROXY',
  'MAX_CONNECTIONS',
  'LOG_LEVEL',
  'SHUTDOWN_DELAY',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_SERVICE_NAME',
  'TARGET_DATABASE_URL',
] as const;

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<Name>;

type Variable = Exclude<keyof Environment, (typeof OF_THE_HOST)[number]>;

/** The configuration as options in code: `databaseUrl` in the place of DATABASE_URL. */
export type ConfigOptions = {
  readonly [Name in Variable as CamelCase<Name>]?: Environment[Name] | undefined;
};

const ofTheHost: ReadonlySet<string> = new Set(OF_THE_HOST);
const variables = Object.keys(Environment.properties).filter((name) => !ofTheHost.has(name));
const variableOf: ReadonlyMap<string, string> = new Map(variables.map((name) => [camelCase(name), name]));
const hostOptions: ReadonlySet<string> = new Set(OF_THE_HOST.map(camelCase));

/**
 * Checks options and turns them into a {@link Config}. It does not read the environment of the process.
 *
 * @param path the path of the service, which is part of the default of `publicUrl`
 * @throws {ConfigError} when an option has a wrong value, or a name that is none
 */
export function parseOptions(options: ConfigOptions, path: string): Config {
  const given: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(options)) {
    const variable = variableOf.get(name);
    if (variable === undefined) throw new ConfigError(describeUnknownOption(name));
    given[variable] = value === undefined ? undefined : String(value);
  }
  try {
    const config = parseConfig({ PUBLIC_URL: `http://localhost:3000${path}`, ...withoutUndefined(given) });
    return Object.freeze({
      ...config,
      settings: config.settings.filter(({ name }) => !ofTheHost.has(name)),
    });
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(inOptions(error.message), { cause: error }) : error;
  }
}

function withoutUndefined<T>(members: Record<string, T | undefined>): Record<string, T | undefined> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function describeUnknownOption(name: string): string {
  if (hostOptions.has(name)) return `${name} is no option of the plugin: it is a setting of your own server`;
  return `${name} is no option of Latchkey${suggest(name, [...variableOf.keys()])}`;
}

/** Writes the names of variables in a message as those of options: `PORT=3000` becomes `port: '3000'`. */
function inOptions(message: string): string {
  return message
    .replace(/\b([A-Z][A-Z_]{2,})=([^\s)]*)/g, (text, name: string, value: string) =>
      Object.hasOwn(Environment.properties, name) ? `${camelCase(name)}: '${value}'` : text,
    )
    .replace(/\b[A-Z][A-Z_]{2,}\b/g, (name) =>
      Object.hasOwn(Environment.properties, name) ? camelCase(name) : name,
    );
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
