import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

/** Bits of an IPv6 address that say whose network it is: a customer gets a /64 or more, and may use any address of it (RFC 6177). */
const NETWORK_BITS = 64;

/** Bits of the largest part that one customer commonly gets (RFC 6177 section 2): 65,536 networks. */
const SITE_BITS = 48;

/** How many times as much as a network a site may do: many customers may share it too. */
export const SITE_FACTOR = 3;

/** An address with a port, or in brackets: some proxies write them into X-Forwarded-For. */
const WITH_PORT = /^(?:(\d+(?:\.\d+){3}):\d+|\[([^\]]+)\](?::\d+)?)$/;

/** Of everything that is no address: whatever a client may make up there is one place. */
const UNKNOWN = 'unknown';

/** Addresses that are remembered: to parse one takes longer than the guard, and each request asks several times. */
const MAX_PLACES = 10_000;

/** Characters of the longest address, with its brackets and a port. What is longer is remembered nowhere. */
const MAX_ADDRESS_LENGTH = 64;

/** Where an address is. */
interface Place {
  readonly network: string;
  readonly site: string | undefined;
}

const places = new LRUCache<string, Place>({ max: MAX_PLACES });

/**
 * What stands for the place that a request comes from: an IPv4 address, or the /64 network of an IPv6 one.
 *
 * @param ip as the server sees it
 */
export function networkOf(ip: string): string {
  return placeOf(ip).network;
}

/**
 * The /48 that an IPv6 address is in, so that nobody who has 65,536 networks is counted by each of them alone.
 *
 * @param ip as the server sees it
 * @returns undefined for everything but IPv6
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
