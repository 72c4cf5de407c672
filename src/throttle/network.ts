import ipaddr from 'ipaddr.js';

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

/**
 * What stands for the place that a request comes from: an IPv4 address, or the /64 network of an IPv6 one.
 *
 * @param ip as the server sees it
 */
export function networkOf(ip: string): string {
  const address = parse(ip);
  if (address === undefined) return UNKNOWN;
  return address.kind() === 'ipv4' ? address.toString() : prefixOf(address, NETWORK_BITS);
}

/**
 * The /48 that an IPv6 address is in, so that nobody who has 65,536 networks is counted by each of them alone.
 *
 * @param ip as the server sees it
 * @returns undefined for everything but IPv6
 */
export function siteOf(ip: string): string | undefined {
  if (!ip.includes(':')) return undefined;
  const address = parse(ip);
  return address?.kind() === 'ipv6' ? prefixOf(address, SITE_BITS) : undefined;
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
