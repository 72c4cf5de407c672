import ipaddr from 'ipaddr.js';

/** Where an address or a network is, in the words of the IANA registries (RFC 6890). */
function rangeOf(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.process(host).range() : '';
}

/** Whether a host is this machine, for nobody else to reach. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '');
  return /(^|\.)localhost$/i.test(name) || rangeOf(name) === 'loopback';
}

/** Whether an address is of a network that the internet does not lead to. */
export function isPrivate(host: string): boolean {
  return ['private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'].includes(rangeOf(host));
}

/** Whether whoever listens there is reached by all interfaces, or by one of the internet. */
export function isOpen(host: string): boolean {
  return ['unspecified', 'unicast'].includes(rangeOf(host));
}

/** What trusting an address or a network (CIDR) amounts to. */
export function reachOf(network: string): 'everybody' | 'public' | 'one' | 'private' {
  if (!ipaddr.isValidCIDR(network)) return isInside(network) ? 'private' : 'one';
  const [address, bits] = ipaddr.parseCIDR(network);
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
  // ::ffff:0:0/96 is all of IPv4.
  if (bits === 0 || (isMapped && bits <= 96)) return 'everybody';
  const [first, last] = endsOf(address, network);
  if (isInside(first) && rangeOf(first) === rangeOf(last)) return 'private';
  return first === last ? 'one' : 'public';
}

/** The first and the last address of a network. */
function endsOf(address: ipaddr.IPv4 | ipaddr.IPv6, network: string): [string, string] {
  const kind = address instanceof ipaddr.IPv6 ? ipaddr.IPv6 : ipaddr.IPv4;
  return [kind.networkAddressFromCIDR(network).toString(), kind.broadcastAddressFromCIDR(network).toString()];
}

function isInside(address: string): boolean {
  return isPrivate(address) || isLoopback(address);
}
