import ipaddr from 'ipaddr.js';

/** Bits of an IPv6 address that say whose network it is: a customer gets a /64 or more, and may use any address of it (RFC 6177). */
const NETWORK_BITS = 64;

/**
 * What stands for the place that a request comes from: an IPv4 address, or the /64 network of an IPv6 one.
 *
 * @param ip as the server sees it
 */
export function networkOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  const [network] = ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${NETWORK_BITS}`)
    .toString()
    .split('%');
  return `${network}/${NETWORK_BITS}`;
}
