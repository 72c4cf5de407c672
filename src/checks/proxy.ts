import { type Config, defaultPublicUrl } from '../config/index.ts';
import { isLoopback } from '../lib/loopback.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { classifyNetwork, isExposed, isPrivate } from './hosts.ts';

const CHECK = 'proxies';

/**
 * Checks that the IP address of a request is that of the client: rate limits count attempts and requests by
 * it.
 */
export function checkProxies(config: Config): Finding {
  const { trustProxy, host } = config;
  if (trustProxy === false) return checkNoTrustedProxy(config);
  return typeof trustProxy === 'number' ? checkHops(trustProxy, host) : checkNetworks(trustProxy);
}

/**
 * Checks a service that trusts no proxy. Behind a proxy, all clients would have its address, and one attacker
 * would use up the rate limits of all.
 */
function checkNoTrustedProxy({ host, port, publicUrl, production }: Config): Finding {
  const { protocol, hostname } = new URL(publicUrl);
  const advice = 'set TRUST_PROXY to the address or network of the proxy';
  const consequence = 'all clients then have its address and share one rate limit';
  // Latchkey itself does not terminate TLS.
  if (protocol === 'https:')
    return problem(CHECK, `PUBLIC_URL is https, so there is a proxy: ${consequence}`, advice);
  const isElsewhere = publicUrl !== defaultPublicUrl(host, port) && !isSameHost(hostname, host);
  if (isElsewhere && isLoopback(host))
    return problem(CHECK, `only a proxy on this machine can reach ${host}: ${consequence}`, advice);
  if (isElsewhere && (isPrivate(host) || production))
    return warning(
      CHECK,
      `if a proxy forwards from ${hostname} to ${host}, ${consequence}`,
      `${advice}, if there is one`,
    );
  return ok(CHECK, 'no proxy is trusted');
}

function isSameHost(name: string, host: string): boolean {
  return name === host || name === `[${host}]` || (isLoopback(name) && isLoopback(host));
}

/**
 * Checks a number of hops: this trusts every client that connects, so only the proxies may be able to
 * connect.
 */
function checkHops(hops: number, host: string): Finding {
  const found = `${hops} ${hops === 1 ? 'hop is' : 'hops are'} trusted`;
  if (!isExposed(host)) return ok(CHECK, found);
  return problem(
    CHECK,
    `${found}, from any address: a client that connects to ${host} directly can choose its own IP address`,
    'set TRUST_PROXY to the addresses or networks of the proxies, or HOST to an address that only they can reach',
  );
}

function checkNetworks(networks: readonly string[]): Finding {
  const of = (kind: ReturnType<typeof classifyNetwork>) =>
    networks.filter((network) => classifyNetwork(network) === kind);
  const [all, open] = [of('all'), of('public')];
  if (all.length > 0) {
    const found = `${all.join(', ')} contains every address: each client can choose its own IP address`;
    return problem(CHECK, found, 'set TRUST_PROXY to the addresses or networks of the proxies');
  }
  if (open.length > 0) {
    const found = `${open.join(', ')} is on the internet: a client from there can choose its own IP address`;
    return warning(CHECK, found, 'make sure that all of these addresses belong to your proxies');
  }
  return ok(CHECK, `${networks.join(', ')} ${networks.length === 1 ? 'is' : 'are'} trusted`);
}
