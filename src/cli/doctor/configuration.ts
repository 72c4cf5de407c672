import { checkFirstAdmin } from '../../accounts/invitations/first-admin.ts';
import { MAX_MEMORY_KIB } from '../../accounts/passwords/parse-hash.ts';
import { PLACEHOLDER } from '../../config/environment.ts';
import { type Config, defaultPublicUrl } from '../../config/index.ts';
import { availableMemory } from '../../config/memory.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { isLoopback } from './hosts.ts';

/** MiB of the costliest hash that is imported. */
const MAX_IMPORTED_MIB = MAX_MEMORY_KIB / 1024;

/**
 * What the variables say together, once each of them is right.
 *
 * @throws {ConfigError} for what stops the start
 */
export function checkConfiguration(config: Config): Finding[] {
  checkFirstAdmin(config);
  const findings = [];
  if (!config.production && config.publicUrl.startsWith('https:')) {
    const advice = 'set NODE_ENV=production where people use it';
    findings.push(warning('configuration', 'PUBLIC_URL is https, and NODE_ENV is not production', advice));
  }
  if (config.secret?.startsWith(PLACEHOLDER)) {
    const advice = 'set it to the output of: openssl rand -base64 48';
    findings.push(problem('configuration', 'SECRET is the placeholder of .env.example', advice));
  }
  if (findings.length > 0) return findings;
  return [ok('configuration', `readable, for ${config.production ? 'production' : 'development'}`)];
}

/** Whether clients reach the service at PUBLIC_URL, and over TLS. */
export function checkPublicUrl({ production, publicUrl, host, port }: Config): Finding {
  const { protocol, hostname } = new URL(publicUrl);
  if (!production) return ok('public URL', publicUrl);
  const advice = 'set PUBLIC_URL to the https URL that clients use';
  if (publicUrl === defaultPublicUrl(host, port))
    return problem('public URL', `PUBLIC_URL is not set, and so ${publicUrl}`, advice);
  if (isLoopback(hostname))
    return problem('public URL', `${publicUrl} is this machine alone: tokens are issued for it`, advice);
  if (protocol !== 'https:')
    return problem('public URL', `${publicUrl} sends passwords and tokens unencrypted`, advice);
  return ok('public URL', publicUrl);
}

/** Whether the links in mails lead to pages that people reach. */
export function checkFrontendUrl({ production, frontendUrl, publicUrl, smtpUrl }: Config): Finding {
  const { protocol, hostname } = new URL(frontendUrl);
  const advice = 'set FRONTEND_URL to the https URL of your frontend';
  if (frontendUrl === publicUrl && smtpUrl !== undefined)
    return warning('frontend URL', 'links in mails lead to Latchkey itself, which has no pages', advice);
  if (frontendUrl === publicUrl) return ok('frontend URL', 'not set');
  if (production && isLoopback(hostname))
    return problem('frontend URL', `${frontendUrl} is this machine alone: links in mails lead there`, advice);
  if (production && protocol !== 'https:')
    return problem('frontend URL', `${frontendUrl} sends the tokens of mails unencrypted`, advice);
  return ok('frontend URL', frontendUrl);
}

/** Whose scripts may read answers. */
export function checkOrigins({ corsOrigins }: Config): Finding {
  if (corsOrigins.includes('*')) {
    const advice = 'list the origins of your frontends in CORS_ORIGINS';
    return warning('origins', "every site's scripts may read answers (CORS_ORIGINS=*)", advice);
  }
  return ok('origins', corsOrigins.length === 0 ? 'no other site reads answers' : corsOrigins.join(', '));
}

/** Whether passwords can be hashed in the memory that there is. */
export function checkHashing({ hashConcurrency, hashMemory }: Config): Finding {
  const found = `${hashConcurrency} at a time, in ${hashMemory} MiB`;
  const available = availableMemory();
  if (hashMemory > available / 2) {
    const advice = 'set HASH_MEMORY to a third of it, or give the process more memory';
    return warning('hashing', `${found}: more than half of the ${available} MiB that there are`, advice);
  }
  if (hashMemory < MAX_IMPORTED_MIB) {
    const advice = 'give the process more memory, if users were imported with such hashes';
    const consequence = `an imported hash may take ${MAX_IMPORTED_MIB} MiB, and is verified alone then`;
    return warning('hashing', `${found}: ${consequence}`, advice);
  }
  return ok('hashing', found);
}
