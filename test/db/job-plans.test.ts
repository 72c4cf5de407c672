/** No job reads or sorts more rows than it handles: checks the query plans of the statements. */
import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { pruneApiKeys, remindOfExpiry } from '#latchkey/accounts/api-keys/expiry.ts';
import { pruneChallenges } from '#latchkey/accounts/authenticators/prune.ts';
import { pruneMailTokens } from '#latchkey/accounts/credentials/prune-mail-tokens.ts';
import { pruneSessions } from '#latchkey/accounts/sessions/end.ts';
import { pruneFailedAttempts } from '#latchkey/accounts/sign-in/attempts.ts';
import { backfillSortKeys } from '#latchkey/accounts/users/backfill-sort-keys.ts';
import { expireElevations } from '#latchkey/accounts/users/expire-elevations.ts';
import { buildUserRow } from '#latchkey/accounts/users/users.ts';
import { eraseListed } from '#latchkey/audit/erase.ts';
import { Recorder } from '#latchkey/audit/record.ts';
import { pruneEvents } from '#latchkey/audit/retention.ts';
import { AuditSealer } from '#latchkey/audit/sealer.ts';
import { Hmac } from '#latchkey/crypto/hmac.ts';
import { rawSql } from '#latchkey/db/client.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { insertRows } from '#latchkey/db/raw/insert.ts';
import { IdempotentRequests } from '#latchkey/http/plugins/idempotent-requests.ts';
import { Delivery } from '#latchkey/mail/delivery.ts';
import { pruneMails } from '#latchkey/mail/prune-mails.ts';
import { Throttle } from '#latchkey/throttle/throttle.ts';
import { pruneRevocations } from '#latchkey/tokens/prune-revocations.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { event, seal } from '../audit/trail.ts';
import { directUrl } from '../database.ts';
import { startApi } from '../helper.ts';
import { type Planned, recordPlans } from './plans.ts';

/** Rows of each table: handled ones and waiting ones. */
const ROWS = 600;

const DAY = 86_400_000;
const later = new Date(Date.now() + DAY);
const earlier = new Date(Date.now() - 1_000 * DAY);
const noon = new Date();

const api = await startApi(t);
const { app, databaseUrl } = api;
await app.close();
const isSqlite = app.databaseKind === 'sqlite';
const { db, close } = openDatabase(databaseUrl);
t.teardown(close);
await fill();
if (!isSqlite) {
  // Forces the use of indexes: these tables are so small that reading all of them would cost less.
  const name = new URL(databaseUrl).pathname.slice(1);
  for (const setting of ['enable_seqscan', 'enable_sort'])
    await db.raw.execute`${rawSql(`ALTER DATABASE "${name}" SET ${setting} = off`)}`;
  await db.raw.execute`ANALYZE`;
}
const plans = recordPlans(isSqlite ? databaseUrl : directUrl(databaseUrl), app.databaseKind);
t.teardown(plans.close);

const accounts = { ...app.accounts, db: plans.db, control: plans.db, now: async () => noon };
const audit = { ...app.audit, db: plans.db, now: accounts.now };
const secrets = { current: 'the secret of these tests, which is long enough', previous: undefined };
const throttle = new Throttle(
  { ...app.accounts, db: plans.db, now: accounts.now },
  new Hmac(secrets, 'throttle'),
);
const transport = { send: async () => 'nowhere', close: () => {} };
const templates = { render: () => ({}) };

/** Job, and the indexes by which it finds its rows. */
interface Job {
  readonly run: () => Promise<unknown>;
  readonly by: readonly string[];
  /**
   * Indexes that Postgres may use in a bitmap scan. It reads all rows of the condition, so the job has to
   * handle all of them.
   */
  readonly bitmaps?: readonly string[];
}

const jobs: Record<string, Job> = {
  'audit.seal': {
    run: () => new AuditSealer(audit).run(),
    by: ['AuditEvent_unsealed_idx', 'AuditEvent_pkey', 'AuditChain_pkey'],
  },
  'audit.prune': {
    run: () => pruneEvents(audit, 365),
    by: ['AuditEvent_number_key', 'AuditEvent_pkey', 'PersonalData_pkey', 'AuditChain_pkey'],
  },
  'audit.erase': {
    run: async () => {
      await db.erasure.create({ data: { subjectId: 'person-0', requestedAt: noon } });
      await eraseListed(audit);
    },
    by: ['Erasure_pkey', 'PersonalData_subjectId_idx', 'PersonalData_pkey'],
    bitmaps: ['PersonalData_subjectId_idx'],
  },
  'elevations.expire': {
    run: () => expireElevations(accounts),
    // The invitations of the user, and their mails.
    by: [
      'User_accessUntil_idx',
      'User_pkey',
      'Invitation_inviterId_idx',
      'Invitation_pkey',
      'Mail_recipient_createdAt_idx',
    ],
  },
  'fold the names': { run: () => backfillSortKeys(plans.db), by: ['User_nameKey_key', 'User_pkey'] },
  'mails.send': {
    run: () => new Delivery({ ...accounts, transport, templates, log: app.log } as never).run(),
    by: ['Mail_waiting_nextAttemptAt_idx', 'Mail_waiting_notAfter_idx', 'Mail_pkey'],
  },
  'mails.prune': { run: () => pruneMails(accounts), by: ['Mail_createdAt_idx', 'Mail_pkey'] },
  'mail-tokens.prune': {
    run: () => pruneMailTokens(accounts),
    by: ['Invitation', 'Registration', 'PasswordReset', 'EmailChange', 'EmailChangeStop'].flatMap((table) => [
      `${table}_expiresAt_idx`,
      `${table}_pkey`,
    ]),
  },
  'challenges.prune': {
    run: () => pruneChallenges(accounts),
    by: ['SignInChallenge', 'PendingTotp', 'UsedChallenge', 'MailCode'].flatMap((table) => [
      `${table}_expiresAt_idx`,
      `${table}_pkey`,
    ]),
  },
  'api-keys.remind': {
    run: () => remindOfExpiry(accounts),
    by: ['ApiKey_unreminded_expiresAt_idx', 'ApiKey_pkey', 'User_pkey'],
  },
  'api-keys.prune': {
    run: () => pruneApiKeys(accounts),
    by: ['ApiKey_expiresAt_idx', 'ApiKey_pkey'],
  },
  'attempts.prune': {
    run: () => pruneFailedAttempts({ ...accounts, throttle }),
    by: [
      'KnownNetwork_lastSeenAt_idx',
      'KnownNetwork_pkey',
      'FailedTries_countedAt_idx',
      'FailedTries_none_idx',
      'FailedTries_pkey',
    ],
  },
  'idempotent-requests.prune': {
    run: () => new IdempotentRequests(accounts, secrets).prune(),
    by: ['IdempotentRequest_startedAt_idx', 'IdempotentRequest_pkey'],
  },
  'revocations.prune': {
    run: () => pruneRevocations(accounts),
    by: ['Revocation_createdAt_idx', 'Revocation_pkey'],
  },
  'revocations.poll': {
    run: () => new RevocationFeed(accounts).poll(),
    by: ['Revocation_createdAt_idx'],
    bitmaps: ['Revocation_createdAt_idx'],
  },
  'sessions.prune': {
    run: () => pruneSessions(accounts),
    // What a session holds goes with it.
    by: ['Session_idleUntil_idx', 'Session_expiresAt_idx', 'Session_pkey', 'PendingTotp_pkey'],
  },
};

for (const [name, { run, by, bitmaps = [] }] of Object.entries(jobs)) {
  t.test(`The job "${name}" reads only the rows that it handles`, async (t) => {
    plans.take();
    await run();
    const planned = plans.take();
    t.not(planned.length, 0);
    for (const { sql, plan } of planned) checkPlan(t, sql, plan, bitmaps);
    const others = planned.flatMap(indexesOf).filter((index) => !by.includes(index));
    t.strictSame(others, [], 'by no other index');
  });
}

/**
 * Refuses a scan of a whole table, a sort, and an index that also covers handled rows. A bitmap scan is
 * allowed for ids in the statement, and for the listed indexes. All rows of Erasure wait.
 */
function checkPlan(t: Test, sql: string, plan: readonly string[], bitmaps: readonly string[]): void {
  const readsAll = isSqlite
    ? /^SCAN (?!link|folded|main\.Erasure|.*(CONSTANT|CLAUSE))(?!.*_(unsealed|waiting_\w+|none)_idx)/
    : /\bSeq Scan\b/;
  const bad = plan.filter(
    (line) => readsAll.test(line) || /TEMP B-TREE|\bSort\b|MULTI-INDEX/.test(line) || isBitmap(line, bitmaps),
  );
  t.strictSame(bad, [], sql.slice(0, 1_000));
}

function isBitmap(line: string, allowed: readonly string[]): boolean {
  const [, index] = /Bitmap Index Scan on "?(\w+)"?/.exec(line) ?? [];
  return index !== undefined && !index.endsWith('_pkey') && !allowed.includes(index);
}

function indexesOf({ plan }: Planned): string[] {
  return plan.flatMap((line) => {
    const [, index] =
      (isSqlite ? / INDEX (\w+)/ : /(?:Scan (?:Backward )?using|Bitmap Index Scan on) "?(\w+)"?/).exec(
        line,
      ) ?? [];
    if (index === undefined) return /INTEGER PRIMARY KEY/.test(line) ? 'AuditChain_pkey' : [];
    return index.replace(/^sqlite_autoindex_(\w+)_1$/, '$1_pkey');
  });
}

/** Rows that are handled, rows that wait for later, and some that are due. */
async function fill(): Promise<void> {
  const audited = { db, now: async () => noon, encryption: app.audit.encryption };
  const recorder = new Recorder(audited);
  const events = (count: number) => Array.from({ length: count }, (_, n) => event(`person-${n}`));
  for (const count of [ROWS, ROWS]) {
    await recorder.open();
    await db.transaction((tx) => recorder.record(tx, events(count)));
    if ((await db.auditChain.count()) === 0) await seal(audited);
  }
  const oldest = await db.auditEvent.findMany({ where: { number: { lte: 3 } } });
  await db.auditEvent.deleteMany({ where: { id: { in: oldest.map(({ id }) => id) } } });
  await db.auditChain.deleteMany();
  await db.auditEvent.updateMany({ data: { number: null, code: null, mac: null } });
  await db.auditEvent.createMany({
    data: oldest.map((row) => ({ ...row, number: null, mac: null, createdAt: earlier })),
  });
  await seal(audited);
  await recorder.open();
  await db.transaction((tx) => recorder.record(tx, events(ROWS)));

  const users = Array.from({ length: ROWS }, (_, n) => ({
    ...buildUserRow({ name: `N ${n}`, email: `${n}@example.com`, passwordHash: '', access: 1 }),
    accessUntil: n === 0 ? earlier : later,
  }));
  await insertRows(db, 'User', users);
  await db.user.update({
    where: { id: users[1]?.id ?? '' },
    data: { nameKey: `\uffff${users[1]?.nameKey}` },
  });
  const userId = users[0]?.id ?? '';
  const mixed = <T extends object>(row: (time: Date, n: number) => T) =>
    Array.from({ length: ROWS }, (_, n) => row(n < 3 ? earlier : later, n));
  const session = (time: Date) => ({
    ...{ id: randomUUID(), userId, epoch: 0, rotation: 0, rotatedAt: noon, authenticatedAt: noon },
    ...{ createdAt: noon, idleUntil: time, expiresAt: time, ip: '', userAgent: '' },
  });
  await insertRows(db, 'Session', mixed(session));
  const token = (expiresAt: Date) => ({
    id: randomUUID(),
    tokenHash: randomUUID(),
    createdAt: noon,
    expiresAt,
  });
  await insertRows(
    db,
    'Invitation',
    mixed((time, n) => ({
      ...{ ...token(time), email: randomUUID(), access: 1 },
      inviterId: users[n === 3 ? 0 : 2]?.id ?? '',
    })),
  );
  await insertRows(
    db,
    'SignInChallenge',
    mixed((time) => ({ ...token(time), userId, epoch: 0, amr: 'pwd', tries: 0 })),
  );
  const enrolling = mixed(() => session(later));
  await insertRows(db, 'Session', enrolling);
  await insertRows(
    db,
    'PendingTotp',
    mixed((time, n) => ({
      ...{ sessionId: enrolling[n]?.id ?? '', secret: 'x', tries: 0, createdAt: noon, expiresAt: time },
    })),
  );
  await insertRows(
    db,
    'UsedChallenge',
    mixed((time) => ({ id: randomUUID(), expiresAt: time })),
  );
  await insertRows(
    db,
    'MailCode',
    mixed((time) => ({
      ...{ id: randomUUID(), flowHash: randomUUID(), userId, epoch: 0, tries: 0 },
      ...{ createdAt: noon, expiresAt: time },
    })),
  );
  const inYear = new Date(Date.now() + 300 * DAY);
  const key = { userId, name: 'a', hash: '', access: 1, standsForSignIn: false, epoch: 0, createdAt: noon };
  for (const soon of [earlier, later])
    await insertRows(
      db,
      'ApiKey',
      mixed((_, n) => ({
        ...{ id: randomUUID(), ...key, expiresAt: n < 3 ? soon : n < 300 ? later : inYear },
        remindedAt: n < 3 ? null : noon,
      })),
    );
  const registration = { email: 'a@example.com', name: 'A', passwordHash: '' };
  await insertRows(
    db,
    'Registration',
    mixed((time) => ({ ...token(time), ...registration })),
  );
  await insertRows(
    db,
    'PasswordReset',
    mixed((time) => ({ ...token(time), userId })),
  );
  await insertRows(
    db,
    'EmailChange',
    mixed((time) => ({ ...token(time), userId, email: 'b@example.com' })),
  );
  await insertRows(
    db,
    'Revocation',
    mixed((createdAt) => ({ id: randomUUID(), sessionId: randomUUID(), createdAt })),
  );
  await insertRows(
    db,
    'IdempotentRequest',
    mixed((startedAt) => ({ id: randomUUID(), fingerprint: '', startedAt })),
  );
  await insertRows(
    db,
    'KnownNetwork',
    mixed((lastSeenAt) => ({ id: randomUUID(), userId, lastSeenAt })),
  );
  await insertRows(
    db,
    'FailedTries',
    mixed((time, n) => ({ id: randomUUID(), failures: n % 2, countedAt: time.getTime(), nextTryAt: 0 })),
  );
  const mail = { recipient: 'c@example.com', template: 'x', values: 'x', limited: false, attempts: 0 };
  for (const outcome of ['sent', null])
    await insertRows(
      db,
      'Mail',
      mixed((time, n) => ({
        ...{ id: randomUUID(), ...mail, outcome, createdAt: time, notAfter: n === 0 ? earlier : later },
        nextAttemptAt: n < 3 ? time : new Date(noon.getTime() + 60_000),
      })),
    );
}
