import ipaddr from 'ipaddr.js';
import { isLoopback } from '../lib/loopback.ts';

/** Returns the range of an address, in the terms of the IANA registries (RFC 6890). */
function rangeOf(host: string): string {
  return ipaddr.isValid(host) ? ipaddr.process(host).range() : '';
}

/** Checks whether an address belongs to a network that the internet does not route. */
export function isPrivate(host: string): boolean {
  return ['private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat'].includes(rangeOf(host));
}

/** Checks whether a server on this address listens on all interfaces, or on one of the internet. */
export function isExposed(host: string): boolean {
  return ['unspecified', 'unicast'].includes(rangeOf(host));
}

/** Classifies an address or a network (CIDR) by who is in it. */
export function classifyNetwork(network: string): 'all' | 'public' | 'one' | 'private' {
  if (!ipaddr.isValidCIDR(network)) return isInside(network) ? 'private' : 'one';
  const [address, bits] = ipaddr.parseCIDR(network);
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
  // ::ffff:0:0/96 contains all IPv4 addresses.
  if (bits === 0 || (isMapped && bits <= 96)) return 'all';
  const [first, last] = endsOf(address, network);
  if (isInside(first) && rangeOf(first) === rangeOf(last)) return 'private';
  return first === last ? 'one' : 'public';
}

/** Returns the first and the last address of a network. */
function endsOf(address: ipaddr.IPv4 | ipaddr.IPv6, network: string): [string, string] {
  const kind = address instanceof ipaddr.IPv6 ? ipaddr.IPv6 : ipaddr.IPv4;
  return [kind.networkAddressFromCIDR(network).toString(), kind.broadcastAddressFromCIDR(network).toString()];
}

function isInside(address: string): boolean {
  return isPrivate(address) || isLoopback(address);
}
