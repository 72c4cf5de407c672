import { checkFirstAdmin } from '../accounts/invitations/first-admin.ts';
import { MAX_MEMORY_KIB } from '../accounts/passwords/formats/argon2.ts';
import { PLACEHOLDER } from '../config/environment.ts';
import type { Config } from '../config/index.ts';
import { availableMemory } from '../config/memory.ts';
import { isLoopback } from '../lib/loopback.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** Memory of the most expensive hash that can be imported. */
const MAX_IMPORTED_MIB = MAX_MEMORY_KIB / 1024;

/**
 * Checks the variables as a whole; each one is valid already.
 *
 * @throws {ConfigError} when the service would not start
 */
export function checkConfiguration(config: Config): Finding[] {
  checkFirstAdmin(config);
  const findings = [];
  if (!config.production && config.publicUrl.startsWith('https:')) {
    const advice = 'set NODE_ENV=production on a system with real users';
    findings.push(warning('configuration', 'PUBLIC_URL is https, but NODE_ENV is not production', advice));
  }
  if (config.secret?.startsWith(PLACEHOLDER)) {
    const advice = 'set it to the output of: openssl rand -base64 48';
    findings.push(problem('configuration', 'SECRET is the placeholder from .env.example', advice));
  }
  if (findings.length > 0) return findings;
  return [ok('configuration', `readable, for ${config.production ? 'production' : 'development'}`)];
}

/** Checks that clients can reach PUBLIC_URL, and use TLS. */
export function checkPublicUrl({ production, publicUrl }: Config): Finding {
  const { protocol, hostname } = new URL(publicUrl);
  if (!production) return ok('public URL', publicUrl);
  const advice = 'set PUBLIC_URL to the https URL that clients use';
  if (isLoopback(hostname))
    return problem(
      'public URL',
      `${publicUrl} is reachable from this machine only, but tokens are issued for it`,
      advice,
    );
  if (protocol !== 'https:')
    return problem('public URL', `${publicUrl} sends passwords and tokens unencrypted`, advice);
  return ok('public URL', publicUrl);
}

/** Checks that the links in mails lead to reachable pages. */
export function checkFrontendUrl({ production, frontendUrl, publicUrl, smtpUrl, hasPages }: Config): Finding {
  const { protocol, hostname } = new URL(frontendUrl);
  const advice = 'set FRONTEND_URL to the https URL of your frontend';
  if (hasPages && frontendUrl === `${publicUrl}/ui`) return ok('frontend URL', 'the pages of the service');
  if (frontendUrl === publicUrl && smtpUrl !== undefined)
    return warning('frontend URL', 'links in mails lead to PUBLIC_URL itself, which has no pages', advice);
  if (frontendUrl === publicUrl) return ok('frontend URL', 'not set');
  if (!/^https?:$/.test(protocol))
    return production
      ? warning(
          'frontend URL',
          `any app on a phone can claim ${protocol}// links, and many mail programs do not make links of them`,
          'set FRONTEND_URL to an https URL that belongs to the app (universal links, app links)',
        )
      : ok('frontend URL', frontendUrl);
  if (production && isLoopback(hostname))
    return problem(
      'frontend URL',
      `${frontendUrl} is reachable from this machine only, but links in mails lead there`,
      advice,
    );
  if (production && protocol !== 'https:')
    return problem('frontend URL', `${frontendUrl} sends the tokens of mails unencrypted`, advice);
  return ok('frontend URL', frontendUrl);
}

/** Checks which origins may read responses (CORS). */
export function checkOrigins({ corsOrigins }: Config): Finding {
  if (corsOrigins.includes('*')) {
    const advice = 'list the origins of your frontends in CORS_ORIGINS';
    return warning('origins', 'scripts of every site may read responses (CORS_ORIGINS=*)', advice);
  }
  return ok(
    'origins',
    corsOrigins.length === 0 ? 'no other site may read responses' : corsOrigins.join(', '),
  );
}

/** Checks that the memory is enough to hash passwords. */
export function checkHashing({ hashConcurrency, hashMemory }: Config): Finding {
  const found = `${hashConcurrency} at a time, in ${hashMemory} MiB`;
  const available = availableMemory();
  if (hashMemory > available / 2) {
    const advice = 'set HASH_MEMORY to a third of the available memory, or give the process more memory';
    return warning('hashing', `${found}: more than half of the available ${available} MiB`, advice);
  }
  if (hashMemory < MAX_IMPORTED_MIB) {
    const advice = 'give the process more memory if users were imported with such hashes';
    const consequence = `an imported hash can need ${MAX_IMPORTED_MIB} MiB, and is then verified alone`;
    return warning('hashing', `${found}: ${consequence}`, advice);
  }
  return ok('hashing', found);
}
