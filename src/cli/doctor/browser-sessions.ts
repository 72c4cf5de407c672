import { BROWSER_SESSIONS as CHECK, describeBrowserSessions } from '../../checks/browser-sessions.ts';
import { type Finding, warning } from '../../checks/finding.ts';
import type { Config } from '../../config/index.ts';

/** Milliseconds that PUBLIC_URL may take to answer. */
const TIMEOUT_MS = 3_000;

/**
 * Checks for which pages sessions in cookies work: those at the origin of PUBLIC_URL. Where that URL leads on
 * to another origin, browsers are there, and no cookie is set for them.
 */
export async function checkBrowserSessions(config: Config): Promise<Finding> {
  const { publicUrl } = config;
  const { origin } = new URL(publicUrl);
  const actual = await findOtherOrigin(publicUrl);
  if (actual !== undefined)
    return warning(
      CHECK,
      `${origin} leads on to ${actual}: pages there cannot have a session in a cookie, and tokens name another issuer`,
      'set PUBLIC_URL to the URL in the address bar',
    );
  return describeBrowserSessions(config);
}

/** Returns the origin that PUBLIC_URL redirects to; undefined when it does not, or does not answer. */
async function findOtherOrigin(publicUrl: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { status, headers, body } = await fetch(`${publicUrl}/health/live`, { redirect: 'manual', signal });
    await body?.cancel();
    const location = headers.get('location');
    if (status < 300 || status > 399 || location === null) return undefined;
    const { origin } = new URL(location, publicUrl);
    return origin === new URL(publicUrl).origin ? undefined : origin;
  } catch {
    // It may not run yet, or not be reachable from this machine.
    return undefined;
  }
}
