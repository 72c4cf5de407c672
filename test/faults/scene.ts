/**
 * Common parts of the fault tests: they cause a fault under load, and check that every acknowledged change is
 * stored.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { hashPassword } from '#latchkey/accounts/passwords/hash.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { latchkey } from '../child.ts';
import { PASSWORD, type Teardown } from '../helper.ts';
import { type MailServer, startMailServer } from '../mail-server.ts';
import { type Cluster, createCluster, type Member, until } from '../processes/cluster.ts';
import { type Account, isSuccess, Load } from './load.ts';
import type { Random } from './random.ts';

/** Number of users of the load. */
export const PEOPLE = 6;

/** Time in which a process serves again after the end of the fault. */
export const RECOVERY_MS = 3_000;

/** Maximum time of a response during the fault. */
const MAX_RESPONSE_MS = 15_000;

/** Processes under load. */
export interface Scene {
  readonly cluster: Cluster;
  readonly members: readonly Member[];
  readonly load: Load;
  /** Mail server, if there is one. */
  readonly mailServer?: MailServer;
}

/** Starts two processes on a Postgres, with a mail server, under load. */
export async function startOnPostgres(
  t: Teardown,
  url: string,
  random: Random,
): Promise<Scene & { readonly mailServer: MailServer }> {
  const mailServer = await startMailServer(t);
  const cluster = await createCluster(t, { DATABASE_URL: url, SMTP_URL: mailServer.url, RATE_LIMIT: '0' });
  const members: [Member, Member] = [await cluster.start(), await cluster.start()];
  const { admin, accounts } = await makeAccounts(cluster, PEOPLE);
  const body = { email: admin.email, password: PASSWORD };
  const { accessToken } = (await members[0].ask('POST', '/login', { body })).body;
  const load = new Load(t, {
    people: PEOPLE,
    random,
    accounts,
    admin: () => accessToken,
    serving: (person) => members[person % 2 === 0 ? 0 : 1],
  });
  return { cluster, members, load, mailServer };
}

/** Waits until the first request is refused. @param since performance.now() at the start of the fault */
export async function untilFelt({ attempts }: Load, since: number): Promise<void> {
  while (!attempts.some(({ sentAt, status }) => sentAt > since && status === 503)) await wait(20);
}

/**
 * Waits until all processes serve again, and stops the load after some more requests.
 *
 * @param back performance.now() at the end of the fault
 */
export async function recover(t: Test, { members, load }: Scene, back: number, work: number): Promise<void> {
  await Promise.all(members.map((member) => checkRecovery(t, load, member, back)));
  await load.successes(work);
  await load.stop();
}

/**
 * Checks that requests failed during the fault, and only then. The load is stopped; times are those of
 * performance.now().
 */
export function checkOutage(t: Test, load: Load, broken: number, back: number): void {
  const failed = load.attempts.filter(({ status }) => status === 503);
  t.ok(failed.length > 0, 'it was felt');
  const others = failed.filter(({ sentAt }) => sentAt > back + RECOVERY_MS || sentAt < broken - RECOVERY_MS);
  t.strictSame(
    others.map(({ what, problem }) => `${what}: ${problem}`),
    [],
    'and before and after it nothing failed',
  );
  t.ok(
    load.attempts.every(({ status }) => status !== undefined),
    'no connection of ours broke',
  );
}

/** Compares the ledger with the database, and stops the processes. */
export async function checkAll(t: Test, { cluster, members, load, mailServer }: Scene): Promise<void> {
  report(t, load);
  if (mailServer !== undefined) {
    await checkMails(t, cluster, mailServer);
    await checkTries(t, cluster);
  }
  await checkBooks(t, cluster, load);
  for (const { stop } of members) await stop();
  await checkDenials(t, cluster, load);
}

/** Prints the figures of the load, and checks its responses. */
export function report(t: Test, load: Load): void {
  const { attempts, ledger, signedOut } = load;
  const refused = attempts.filter(({ status }) => status === 503).length;
  const broken = attempts.filter(({ status }) => status === undefined).length;
  const [last] = attempts.toSorted((a, b) => b.took - a.took);
  const slowest = Math.round(last?.took ?? 0);
  const { users, sessions, rotations, changes, ends } = ledger.acknowledged;
  t.comment(
    `${attempts.length} requests: ${attempts.filter(isSuccess).length} done, ${refused} refused with 503, ${broken} cut off; ` +
      `the slowest answer after ${slowest} ms (${last?.what})`,
  );
  t.comment(
    `acknowledged: ${users} accounts, ${sessions} sessions, ${rotations} rotations, ${changes} levels, ${ends} sign-outs` +
      (signedOut > 0 ? `; ${signedOut} had to sign in again` : ''),
  );
  const complaints = attempts.flatMap(({ complaint }) => complaint ?? []);
  t.strictSame([...new Set(complaints)].slice(0, 5), [], 'nothing but successes and 503 with Retry-After');
  t.ok(slowest < MAX_RESPONSE_MS, 'every answer came in time');
}

/**
 * Compares the ledger with the database and the audit. The load is stopped, and a process that seals is
 * running.
 *
 * @returns number of events in the chain
 */
export async function checkBooks(t: Test, cluster: Cluster, load: Load): Promise<void> {
  const { db } = cluster.database;
  await until('all events are sealed', 20_000, async () => {
    return (await db.auditEvent.count({ where: { number: null } })) === 0;
  });
  t.strictSame((await load.ledger.compare(db)).slice(0, 10), [], 'all that was acknowledged is there, once');
  const { code, stdout } = await latchkey(['audit', 'verify'], { variables: cluster.variables });
  t.equal(code, 0, 'the audit is whole');
  t.comment(stdout.trim().replace(/, head .*/, ''));
}

/**
 * Waits until a process serves again: until a change succeeds that was sent after the end of the fault.
 *
 * @param since performance.now() at the end of the fault
 */
async function checkRecovery(t: Test, load: Load, at: Member, since: number): Promise<void> {
  const first = () =>
    load.attempts.find(
      (attempt) => attempt.at.pid === at.pid && attempt.sentAt >= since && isSuccess(attempt),
    );
  await until('it serves again', 30_000, async () => first() !== undefined);
  const { sentAt, took } = first() ?? { sentAt: 0, took: 0 };
  const recovery = Math.round(sentAt + took - since);
  t.ok(recovery < RECOVERY_MS, `it serves again after ${recovery} ms`);
  t.comment(`served again after ${recovery} ms`);
}

/**
 * Creates accounts directly, because a registration needs a mail.
 *
 * @returns an admin, and the other accounts
 */
export async function makeAccounts(
  { database: { db } }: Cluster,
  count: number,
): Promise<{ admin: Account; accounts: readonly Account[] }> {
  const passwordHash = await hashPassword(PASSWORD);
  const make = async (name: string, access: number): Promise<Account> => {
    const email = `${name}@faults.example`;
    const { id } = await db.user.create({ data: buildUserRow({ name, email, passwordHash, access }) });
    return { id, email };
  };
  const admin = await make('admin', 2);
  const accounts = await Promise.all(Array.from({ length: count }, (_, index) => make(`person-${index}`, 1)));
  return { admin, accounts };
}

/**
 * Checks that the mail about each change of a level arrives exactly once.
 *
 * @param others number of mails of other kinds
 */
export async function checkMails(t: Test, cluster: Cluster, server: MailServer, others = 0): Promise<void> {
  const { db } = cluster.database;
  const waiting = { outcome: null };
  // A mail that was claimed at the outage is retried after its lease, which is too long for a test.
  await db.mail.updateMany({ where: waiting, data: { nextAttemptAt: new Date(0) } });
  await until('no mail waits any more', 20_000, async () => (await db.mail.count({ where: waiting })) === 0);
  const changes = others + (await db.auditEvent.count({ where: { action: 'user.access-changed' } }));
  const ids = server.mails.map(({ messageId }) => messageId);
  t.equal(await db.mail.count({ where: { outcome: 'sent' } }), changes, 'a mail for each change, and sent');
  t.equal(new Set(ids).size, changes, 'each arrived');
  t.equal(ids.length, changes, 'once');
  t.comment(`${ids.length} mails arrived`);
}

/** Checks the counted events. The services are stopped: they write their counts at the shutdown. */
export async function checkDenials(t: Test, { database: { db } }: Cluster, load: Load): Promise<void> {
  const { _sum } = await db.auditEvent.aggregate({
    where: { action: 'access.denied' },
    _sum: { count: true },
  });
  t.equal(_sum.count ?? 0, load.denials, 'each denied request was counted once');
}

/** Attempts that were reserved and whose response was lost. They expire, one per minute. */
const INTERRUPTED_ATTEMPTS = 1;

/** Checks that no failed attempts remain: no password was wrong, and interrupted attempts must not count. */
async function checkTries(t: Test, { database: { db } }: Cluster): Promise<void> {
  const failures = async () =>
    (await db.failedTries.aggregate({ _sum: { failures: true } }))._sum.failures ?? 0;
  await until(
    'interrupted tries are given back',
    5_000,
    async () => (await failures()) <= INTERRUPTED_ATTEMPTS,
  );
  t.comment(`${Math.round(await failures())} tries count that were interrupted`);
}
