import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/**
 * Bits of an IPv6 address that identify the customer's network: a customer gets a /64 or more, and may use
 * any address in it (RFC 6177).
 */
const NETWORK_BITS = 64;

/** Bits of the largest block that one customer commonly gets (RFC 6177 section 2): 65,536 networks. */
const SITE_BITS = 48;

/** Limit of a site as a multiple of a network's: many customers may share a site too. */
export const SITE_FACTOR = 3;

/** Address with a port, or in brackets: some proxies write them into X-Forwarded-For. */
const WITH_PORT = /^(?:(\d+(?:\.\d+){3}):\d+|\[([^\]]+)\](?::\d+)?)$/;

/** Network of all texts that are not an address: a client can make up any number of them. */
const UNKNOWN = 'unknown';

/**
 * Maximum of cached addresses: to parse one takes longer than the guard, and each request needs it several
 * times.
 */
const MAX_CACHED_ADDRESSES = 10_000;

/** Length of the longest address, with brackets and port. Longer texts are not cached. */
const MAX_ADDRESS_LENGTH = 64;

/** Network and site of an address. */
interface Place {
  readonly network: string;
  readonly site: string | undefined;
}

const places = new LRUCache<string, Place>({ max: MAX_CACHED_ADDRESSES });

/**
 * Returns the network that a request comes from: the IPv4 address, or the /64 network of an IPv6 address.
 *
 * @param ip as the server sees it
 */
export function networkOf(ip: string): string {
  return placeOf(ip).network;
}

/**
 * Returns the /48 site of an IPv6 address, so that a client with 65,536 networks is also counted as one.
 *
 * @param ip as the server sees it
 * @returns undefined for all other addresses
 */
export function siteOf(ip: string): string | undefined {
  return placeOf(ip).site;
}

function placeOf(ip: string): Place {
  const known = places.get(ip);
  if (known !== undefined) return known;
  const place = findPlace(parse(ip));
  if (ip.length <= MAX_ADDRESS_LENGTH) places.set(ip, place);
  return place;
}

function findPlace(address: Address | undefined): Place {
  if (address === undefined) return { network: UNKNOWN, site: undefined };
  if (address.kind() === 'ipv4') return { network: address.toString(), site: undefined };
  return { network: prefixOf(address, NETWORK_BITS), site: prefixOf(address, SITE_BITS) };
}

type Address = ReturnType<typeof ipaddr.process>;

function parse(ip: string): Address | undefined {
  const [, ipv4, ipv6] = WITH_PORT.exec(ip) ?? [];
  const bare = ipv4 ?? ipv6 ?? ip;
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

function prefixOf(address: Address, bits: number): string {
  const [network] = ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${bits}`).toString().split('%');
  return `${network}/${bits}`;
}
