import { AccessLevels } from '../access/levels.ts';
import { hasAdmin } from '../accounts/users/last-admin.ts';
import type { Config } from '../config/index.ts';
import { CLOCK_TOLERANCE_MS, type Database } from '../db/client.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const SECOND_MS = 1_000;

/** Time in which the service erases the personal data of any deleted user. */
const ERASURE_MS = 3_600 * SECOND_MS;

/**
 * Checks the clock: tokens and sessions expire by both clocks. Beyond the tolerance, a process is not ready.
 */
export async function checkClock({ kind, db, now }: Pick<Database, 'kind' | 'db' | 'now'>): Promise<Finding> {
  if (kind === 'sqlite') return ok('clock', 'SQLite uses the clock of this machine');
  const before = Date.now();
  const databaseTime = (await now(db)).getTime();
  const skew = Math.round((before + Date.now()) / 2 - databaseTime);
  if (Math.abs(skew) <= CLOCK_TOLERANCE_MS) return ok('clock', `${skew} ms difference from the database`);
  const found = `${Math.round(Math.abs(skew) / SECOND_MS)} s ${skew > 0 ? 'ahead of' : 'behind'} the database`;
  return problem('clock', found, 'synchronize both clocks with NTP; the service is not ready until then');
}

/** Checks that the personal data of deleted users was erased. The deletion itself hides it. */
export async function checkErasures({ db, now }: Pick<Database, 'db' | 'now'>): Promise<Finding[]> {
  const before = new Date((await now(db)).getTime() - ERASURE_MS);
  const late = await db.erasure.count({ where: { requestedAt: { lt: before } } });
  if (late === 0) return [];
  const found = `not erased an hour after the deletion, only hidden (users: ${late})`;
  const advice =
    'run the service, which erases it; latchkey_job_failing{task="audit.erase"} says if it cannot';
  return [warning('personal data', found, advice)];
}

/** Checks that there is an admin without a time limit. */
export async function checkAdmin(
  { db }: Pick<Database, 'db'>,
  { accessLevels, firstAdmin }: Config,
): Promise<Finding> {
  if (await hasAdmin(db, new AccessLevels(accessLevels))) return ok('admin', 'there is one');
  if (firstAdmin !== undefined) return ok('admin', 'ADMIN_EMAIL will become one at the next start');
  const advice = 'latchkey user create --email you@example.com --name You --access admin';
  return warning('admin', 'there is none', advice);
}
