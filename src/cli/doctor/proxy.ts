import { type Config, defaultPublicUrl } from '../../config/index.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { isLoopback, isOpen, isPrivate, reachOf } from './hosts.ts';

const CHECK = 'proxies';

/** Whether a request's address is its client's: tries and requests are counted by it. */
export function checkProxies(config: Config): Finding {
  const { trustProxy, host } = config;
  if (trustProxy === false) return checkUntrusting(config);
  return typeof trustProxy === 'number' ? checkHops(trustProxy, host) : checkNetworks(trustProxy);
}

/** Nobody is believed: behind a proxy every client has the proxy's address, and one guesser slows down everybody. */
function checkUntrusting({ host, port, publicUrl, production }: Config): Finding {
  const { protocol, hostname } = new URL(publicUrl);
  const advice = "set TRUST_PROXY to the proxy's address or network";
  const consequence = 'every client then has its address, and all share one limit';
  // Latchkey itself speaks no TLS.
  if (protocol === 'https:')
    return problem(CHECK, `PUBLIC_URL is https, so a proxy is in front: ${consequence}`, advice);
  const isElsewhere = publicUrl !== defaultPublicUrl(host, port) && !isSameHost(hostname, host);
  if (isElsewhere && isLoopback(host))
    return problem(CHECK, `${host} is reached by a proxy of this machine only: ${consequence}`, advice);
  if (isElsewhere && (isPrivate(host) || production))
    return warning(
      CHECK,
      `if a proxy leads from ${hostname} to ${host}, ${consequence}`,
      `${advice}, if there is one`,
    );
  return ok(CHECK, 'none is believed');
}

function isSameHost(name: string, host: string): boolean {
  return name === host || name === `[${host}]` || (isLoopback(name) && isLoopback(host));
}

/** Believes whoever connects: right only where nobody but the proxy can. */
function checkHops(hops: number, host: string): Finding {
  const found = `${hops} in front ${hops === 1 ? 'is' : 'are'} believed`;
  if (!isOpen(host)) return ok(CHECK, found);
  return problem(
    CHECK,
    `${found}, whoever they are: a client that reaches ${host} itself chooses its own address`,
    "set TRUST_PROXY to the proxies' addresses or networks, or HOST to an address that only they reach",
  );
}

function checkNetworks(networks: readonly string[]): Finding {
  const of = (reach: ReturnType<typeof reachOf>) => networks.filter((network) => reachOf(network) === reach);
  const [everybody, open] = [of('everybody'), of('public')];
  if (everybody.length > 0) {
    const found = `${everybody.join(', ')} is everybody: each client chooses its own address`;
    return problem(CHECK, found, "set TRUST_PROXY to the proxies' own addresses or networks");
  }
  if (open.length > 0) {
    const found = `${open.join(', ')} is of the internet: a client from there chooses its own address`;
    return warning(CHECK, found, 'make sure that all of it belongs to your proxies');
  }
  return ok(CHECK, `${networks.join(', ')} ${networks.length === 1 ? 'is' : 'are'} believed`);
}
