import ipaddr from 'ipaddr.js';

/** Bits of an IPv6 address that say whose network it is: a customer gets a /64 or more, and may use any address of it (RFC 6177). */
const NETWORK_BITS = 64;

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
  const [, ipv4, ipv6] = WITH_PORT.exec(ip) ?? [];
  const bare = ipv4 ?? ipv6 ?? ip;
  if (!ipaddr.isValid(bare)) return UNKNOWN;
  const address = ipaddr.process(bare);
  if (address.kind() === 'ipv4') return address.toString();
  const [network] = ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${NETWORK_BITS}`)
    .toString()
    .split('%');
  return `${network}/${NETWORK_BITS}`;
}
