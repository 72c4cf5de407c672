import { AccessLevels } from '../access/levels.ts';
import {
  findWithoutSecondFactor,
  type Unprotected,
} from '../accounts/authenticators/without-second-factor.ts';
import type { Config } from '../config/index.ts';
import type { Database } from '../db/client.ts';
import { type Finding, ok, warning } from './finding.ts';

const CHECK = 'second factor';

/** People that a finding names. */
const MAX_NAMED = 20;

/**
 * Checks that the people whose level asks for a second factor have one. Without a mail server, the first to
 * enrol needs the password only, so each of them is named.
 */
export async function checkSecondFactor({ db }: Pick<Database, 'db'>, config: Config): Promise<Finding> {
  const { accessLevels, secondFactor, smtpUrl, production } = config;
  const levels = new AccessLevels(accessLevels);
  const { limit } = secondFactor;
  if (limit === undefined)
    return ok(
      CHECK,
      `no level asks for one${production ? ' (SECOND_FACTOR_FROM=admin makes admins need it)' : ''}`,
    );
  const missing = await findWithoutSecondFactor(db, secondFactor, levels);
  const from = levels.nameOf(limit.from);
  if (missing.length === 0) return ok(CHECK, `from ${from} up, and each person there has one`);
  const below = levels.nameOf(limit.below);
  const found = `people at ${from} or above without one: ${missing.length}; their sessions have the level ${below}`;
  if (smtpUrl !== undefined || !production)
    return warning(
      CHECK,
      found,
      'ask them to sign in and to enrol: POST /me/totp, or POST /me/passkeys/options',
    );
  return warning(
    CHECK,
    `${found} (${listOf(missing)}). Without a mail server, anyone who knows the password of one can enrol first`,
    'set SMTP_URL and MAIL_FROM, or have them enrol now: POST /me/totp, or POST /me/passkeys/options',
  );
}

function listOf(people: readonly Unprotected[]): string {
  const named = people.slice(0, MAX_NAMED).map(({ email }) => email);
  const more = people.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
