import { isIP } from 'node:net';
import { isLoopback } from '../lib/loopback.ts';
import { exampleOf } from './check-environment.ts';
import { ConfigError, type Environment } from './environment.ts';

/** The names that passkeys are bound to (WebAuthn Level 3 section 4). */
export interface RelyingPartyRules {
  /** The RP ID: the domain that passkeys are bound to. */
  readonly rpId: string;
  /** The origins of the pages and apps that may use them. They are compared as a whole. */
  readonly origins: readonly string[];
}

/** The rules of RP_ID, PASSKEY_ORIGINS and RP_ID_CHANGE; or the reason why there are no passkeys. */
export type PasskeyRules =
  | (RelyingPartyRules & { readonly isOn: true; readonly acceptsChange: boolean })
  | { readonly isOn: false; readonly reason: string };

/** The origin of an Android app: the SHA-256 of the certificate that signs it, in base64url. */
const ANDROID_ORIGIN = /^android:apk-key-hash:[\w-]{43}$/;

/**
 * Finds the names of passkeys. Browsers give them to https pages and to `localhost` alone, and to no IP
 * address.
 *
 * @throws {ConfigError} when RP_ID or an origin is not valid, or when no origin is at or below RP_ID
 */
export function parsePasskeys(environment: Environment, publicUrl: string): PasskeyRules {
  const { protocol, hostname, origin } = new URL(publicUrl);
  const rpId = environment.RP_ID ?? hostname;
  const listed = parseOrigins(environment.PASSKEY_ORIGINS);
  const origins = listed.length > 0 ? listed : [origin];
  if (environment.RP_ID === undefined && listed.length === 0) {
    const reason = reasonAgainst(protocol, hostname);
    if (reason !== undefined) return Object.freeze({ isOn: false, reason });
  }
  if (!isDomain(rpId))
    throw new ConfigError(
      `RP_ID must be a domain of two names or more, or localhost ${exampleOf('RP_ID')}; it is ${rpId}`,
    );
  if (!origins.some((one) => isAtOrBelow(one, rpId)))
    throw new ConfigError(
      `No origin of PASSKEY_ORIGINS or PUBLIC_URL is an https page at or below RP_ID (${rpId}) ${exampleOf('PASSKEY_ORIGINS')}`,
    );
  const acceptsChange = environment.RP_ID_CHANGE === 'accept';
  return Object.freeze({ isOn: true, rpId, origins: Object.freeze(origins), acceptsChange });
}

/** Says why the pages of a URL get no passkeys from browsers; undefined when they do. */
function reasonAgainst(protocol: string, hostname: string): string | undefined {
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)
    return `the host of PUBLIC_URL is an IP address (${hostname}), and browsers bind passkeys to names: use localhost or a domain`;
  if (protocol !== 'https:' && !isLoopback(hostname))
    return 'PUBLIC_URL is plain http, and browsers give passkeys to https pages alone';
  if (!isDomain(hostname))
    return `the host of PUBLIC_URL (${hostname}) is a single name, and browsers bind passkeys to domains`;
  return undefined;
}

/** @throws {ConfigError} when an entry is no origin that browsers give passkeys to */
function parseOrigins(text: string | undefined): readonly string[] {
  const origins = (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const wrong = origins.find((origin) => !ANDROID_ORIGIN.test(origin) && hostOf(origin) === undefined);
  if (wrong === undefined) return origins;
  throw new ConfigError(
    `PASSKEY_ORIGINS must be https origins, or android:apk-key-hash: origins, with commas between them ${exampleOf('PASSKEY_ORIGINS')}; ${wrong} is none`,
  );
}

/** Returns the host of an origin that browsers give passkeys to; undefined when it is none. */
function hostOf(origin: string): string | undefined {
  if (!URL.canParse(origin)) return undefined;
  const url = new URL(origin);
  if (url.origin !== origin || origin.includes('*')) return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocalhost(url.hostname))
    ? url.hostname
    : undefined;
}

function isAtOrBelow(origin: string, rpId: string): boolean {
  const host = hostOf(origin);
  return host !== undefined && (host === rpId || host.endsWith(`.${rpId}`));
}

/** Tells whether a name can be an RP ID. Whether it is a public suffix, browsers check. */
function isDomain(name: string): boolean {
  if (isLocalhost(name)) return true;
  return (
    isIP(name) === 0 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/.test(name)
  );
}

function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
