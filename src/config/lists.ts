import ipaddr from 'ipaddr.js';
import { ConfigError } from './environment.ts';

/**
 * Parses the proxies that are trusted to name the client's address: their number, or their networks.
 *
 * @throws {ConfigError} when it is neither
 */
export function parseTrustProxy(text: string | undefined): number | string[] | false {
  if (text === undefined || text === '0') return false;
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const networks = text.split(',').map((part) => part.trim());
  if (networks.every((network) => ipaddr.isValid(network) || ipaddr.isValidCIDR(network))) return networks;
  throw new ConfigError(
    'TRUST_PROXY must be a number of proxies, or their addresses and networks with commas between them (example: TRUST_PROXY=10.0.0.0/8)',
  );
}

/**
 * Parses the origins whose scripts may read responses.
 *
 * @throws {ConfigError} when an entry is not an origin
 */
export function parseOrigins(text: string | undefined): readonly string[] {
  const origins = (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (origins.every((origin) => origin === '*' || isOrigin(origin))) return origins;
  throw new ConfigError(
    'CORS_ORIGINS must be origins with commas between them, without paths or patterns, or * (example: CORS_ORIGINS=https://app.example.com)',
  );
}

/**
 * Tells whether a text is one origin. A `*` inside a host would be compared as it stands, and never match.
 */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text && !text.includes('*');
}
