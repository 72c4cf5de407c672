import type { FastifyInstance } from 'fastify';
import { findWithoutSecondFactor } from '../accounts/authenticators/without-second-factor.ts';

/** People that the warning names. */
const MAX_NAMED = 20;

/**
 * Warns of people whose level asks for a second factor, and who have none, where there is no mail server: no
 * code can be mailed to them, so anyone who knows the password can enrol first. The log has their ids only;
 * `latchkey doctor` prints the addresses.
 */
export async function warnOfEnrolment({ accounts, log }: FastifyInstance): Promise<void> {
  const { db, levels, outbox, secondFactor } = accounts;
  if (secondFactor.limit === undefined || outbox.settings.isConfigured) return;
  const missing = await findWithoutSecondFactor(db, secondFactor, levels);
  if (missing.length === 0) return;
  log.warn(
    { users: missing.slice(0, MAX_NAMED).map(({ id }) => id), count: missing.length },
    'People whose level asks for a second factor have none: without a mail server, the password is enough to enrol first',
  );
}
