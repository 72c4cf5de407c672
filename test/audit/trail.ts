/** A chain of audit events without a service, for tests that tamper with it. */
import { randomBytes } from 'node:crypto';
import { type AuditContext, readChain, readOrBeginChain } from '#latchkey/audit/chain.ts';
import type { Finding, LoggedHead } from '#latchkey/audit/chain-verifier.ts';
import { type ChainedEvent, macOf } from '#latchkey/audit/codes.ts';
import { type AuditRecord, noRequest } from '#latchkey/audit/event.ts';
import { Recorder } from '#latchkey/audit/record.ts';
import { AuditSealer } from '#latchkey/audit/sealer.ts';
import { type Verification, verifyChain } from '#latchkey/audit/verify.ts';
import { Encryption } from '#latchkey/crypto/encryption.ts';
import type { Db } from '#latchkey/db/client.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { createMigratedDatabase } from '../database.ts';
import type { Teardown } from '../helper.ts';

export const SECRET = 'the secret of these tests, which is long enough';

/** Events per transaction. */
const BATCH_SIZE = 100;

export interface Trail {
  readonly url: string;
  readonly audit: AuditContext;
  readonly db: Db;
}

const recorders = new WeakMap<Db, Recorder>();

/** Opens an empty audit, in a new database by default. */
export async function openTrail(
  t: Teardown,
  { url, current = SECRET, previous }: { url?: string; current?: string; previous?: string } = {},
): Promise<Trail> {
  const databaseUrl = url ?? (await createMigratedDatabase({ teardown: (work) => t.teardown(work) })).url;
  const { db, now, close } = openDatabase(databaseUrl);
  t.teardown(close);
  // Keeps the process alive: the timers of Prisma do not, and SQLite has no socket.
  const alive = setInterval(() => {}, 60_000);
  t.teardown(() => clearInterval(alive));
  const audit = { db, now, encryption: new Encryption({ current, previous }, 'audit') };
  recorders.set(db, new Recorder(audit));
  return { url: databaseUrl, db, audit };
}

/** Makes an event of a rename with all optional members. */
export const event = (actorId: string, targetId: string = actorId): AuditRecord => ({
  action: 'user.name-changed',
  actorId,
  targetId,
  before: { round: 1 },
  after: { round: 2 },
  personal: { before: { name: 'Ada' }, after: { name: 'Grace' }, reason: 'married' },
  requestContext: { ip: '192.0.2.7', userAgent: 'test', requestId: randomBytes(4).toString('hex') },
});

/** Records events one after the other, each in its own transaction. */
export async function add(db: Db, events: readonly AuditRecord[]): Promise<void> {
  for (const one of events) await recordAll(db, [one]);
}

/** Records events in one transaction. */
export async function recordAll(db: Db, events: readonly AuditRecord[]): Promise<void> {
  const recorder = await recorderOf(db);
  await db.transaction((tx) => recorder.record(tx, events));
}

/** Returns the opened recorder of a trail. */
export async function recorderOf(db: Db): Promise<Recorder> {
  const recorder = recorders.get(db);
  if (recorder === undefined) throw new Error('This is not the database of a trail');
  await recorder.open();
  return recorder;
}

/** Makes the event that the service records when it deletes a user. */
export const deletion = (targetId: string): AuditRecord => ({
  action: 'user.deleted',
  actorId: null,
  targetId,
  requestContext: noRequest,
});

/** Changes an event that is not sealed yet, as if the service had written it so. */
export async function rewrite(audit: AuditContext, id: string, data: Partial<ChainedEvent>): Promise<void> {
  const { db } = audit;
  const event = { ...(await db.auditEvent.findUniqueOrThrow({ where: { id } })), ...data };
  const { macKey } = await readOrBeginChain(audit);
  await db.auditEvent.update({ where: { id }, data: { ...data, mac: macOf(macKey, event) } });
}

/** Records many events in several transactions, because a transaction may take 5 s at most. */
export async function recordInParts(db: Db, events: readonly AuditRecord[]): Promise<void> {
  for (let at = 0; at < events.length; at += BATCH_SIZE)
    await recordAll(db, events.slice(at, at + BATCH_SIZE));
}

/** Seals all events. The job of a running service may seal some of them meanwhile. */
export async function seal(audit: AuditContext): Promise<void> {
  const sealer = new AuditSealer(audit);
  const count = () => audit.db.auditEvent.count({ where: { number: null } });
  for (let left = await count(); left > 0; ) {
    const sealed = await sealer.run();
    const before = left;
    left = await count();
    if (sealed === 0 && left === before) throw new Error('Events are left that the sealer does not seal');
  }
}

/** Verifies the chain. */
export async function verify(
  audit: AuditContext,
  head?: LoggedHead,
): Promise<Verification & { readonly found: Finding[] }> {
  const found: Finding[] = [];
  const result = await verifyChain(audit, async (finding) => void found.push(finding), head);
  return { ...result, found };
}

/** Reads the head as the log would have it now. */
export async function head(audit: AuditContext): Promise<LoggedHead> {
  const chain = await readChain(audit);
  if (chain === undefined) throw new Error('There is no chain');
  return { number: chain.headNumber, code: chain.headCode };
}

/** Reads the whole audit, so that it can be restored. */
export async function copy(db: Db): Promise<() => Promise<void>> {
  const events = await db.auditEvent.findMany();
  const personal = await db.personalData.findMany();
  const chains = await db.auditChain.findMany();
  return async () => {
    await db.transaction(async (tx) => {
      await tx.personalData.deleteMany();
      await tx.auditEvent.deleteMany();
      await tx.auditChain.deleteMany();
      await tx.auditEvent.createMany({ data: events });
      await tx.personalData.createMany({ data: personal });
      await tx.auditChain.createMany({ data: chains });
    });
  };
}
