import type { Config } from '../config/index.ts';
import { canUseCookies } from '../http/session-cookie.ts';
import { isLoopback } from '../lib/loopback.ts';
import { type Finding, ok, warning } from './finding.ts';

/** Name of the checks of sessions in cookies. */
export const BROWSER_SESSIONS = 'browser sessions';

const CHECK = BROWSER_SESSIONS;

/** Says for which pages sessions in cookies work, by the configuration alone. */
export function describeBrowserSessions(config: Config): Finding {
  const { origin, protocol, hostname } = new URL(config.publicUrl);
  if (!canUseCookies(config)) return ok(CHECK, `none in cookies, which need https: ${origin} is plain http`);
  if (protocol !== 'https:' && !isLoopback(hostname))
    return warning(
      CHECK,
      `COOKIES_OVER_HTTP=on: everyone between a browser and ${origin} can use its session`,
      'set PUBLIC_URL to an https URL',
    );
  const others = otherOrigins(config, origin);
  const rest = others.length === 0 ? '' : `; those of ${others.join(', ')} sign in with tokens`;
  return ok(CHECK, `in cookies for pages of ${origin}${rest}`);
}

/** Returns the origins of pages that have no cookie. The links of an app have no page. */
function otherOrigins({ frontendUrl, corsOrigins }: Config, own: string): string[] {
  const frontend = /^https?:/.test(frontendUrl) ? [new URL(frontendUrl).origin] : [];
  return [...new Set([...frontend, ...corsOrigins])].filter((origin) => origin !== own && origin !== '*');
}
