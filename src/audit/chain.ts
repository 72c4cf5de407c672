import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { ConfigError } from '../config/index.ts';
import type { Encryption } from '../crypto/encryption.ts';
import type { Database, Transaction } from '../db/client.ts';

/** Of the one row of AuditChain. */
const ID = 1;

/** What its key is encrypted for. */
const CONTEXT = 'audit chain';

/** Bytes of the chain's key, as many as an HMAC-SHA-256 has: RFC 2104 section 3. */
const KEY = 32;

/** What the work on the chain needs. */
export interface AuditContext extends Pick<Database, 'db' | 'now'> {
  /** Of the purpose `audit`. */
  readonly encryption: Encryption;
}

/** The two ends of the chain: the newest event that was sealed, and the newest that was pruned (0 and '' for none). */
export interface Ends {
  readonly headNumber: number;
  readonly headCode: string;
  readonly anchorNumber: number;
  readonly anchorCode: string;
}

/** The chain as its row has it. */
export interface Chain extends Ends {
  /** Not its bytes, of which each code would make such an object anew, in five times the time of the HMAC. */
  readonly key: KeyObject;
  /** The key as it is stored. */
  readonly encryptedKey: string;
  /** Whether the ends are as the service wrote them. */
  readonly isAuthentic: boolean;
}

/** What the chain's codes cover of an event. */
export interface ChainedEvent {
  readonly id: string;
  readonly action: string;
  readonly actorId: string | null;
  readonly targetId: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly count: number;
  readonly requestId: string | null;
  readonly actorHash: string | null;
  readonly targetHash: string | null;
  readonly createdAt: Date;
}

/**
 * The code of an event: HMAC-SHA-256 over it, its number and the code of the event before, in base64url.
 *
 * @param previous '' for the first
 */
export function codeOf(key: KeyObject, previous: string, number: number, event: ChainedEvent): string {
  const { id, action, actorId, targetId, before, after, count, requestId, actorHash, targetHash } = event;
  const time = event.createdAt.toISOString();
  const row = [id, action, actorId, targetId, before, after, count, requestId, actorHash, targetHash, time];
  return hmac(key, ['event', previous, number, ...row]);
}

/**
 * Reads the ends of the chain.
 *
 * @returns undefined while nothing has been sealed
 * @throws {ConfigError} when neither SECRET nor SECRET_PREVIOUS opens its key
 */
export async function readChain({ db, encryption }: AuditContext): Promise<Chain | undefined> {
  const row = await db.auditChain.findUnique({ where: { id: ID } });
  if (row === null) return undefined;
  const key = encryption.decrypt(row.key, CONTEXT);
  if (key === undefined) {
    throw new ConfigError(
      'SECRET does not open the key of the audit chain: set SECRET, or SECRET_PREVIOUS, to the secret that it was sealed under',
    );
  }
  return toChain(row, createSecretKey(key, 'base64url'), row.key, row.endsCode);
}

/** Begins the chain, unless another process has just done so. @throws when there are sealed events without a chain */
export async function beginChain({ db, encryption }: AuditContext): Promise<void> {
  const key = createSecretKey(randomBytes(KEY));
  const ends = { headNumber: 0, headCode: '', anchorNumber: 0, anchorCode: '' };
  const encrypted = encryption.encrypt(key.export().toString('base64url'), CONTEXT);
  await db.transaction(async (tx) => {
    if ((await tx.auditChain.count()) > 0) return;
    const sealed = await tx.auditEvent.findFirst({
      where: { number: { gte: 0 } },
      orderBy: { number: 'asc' },
      select: { id: true },
    });
    if (sealed !== null) throw new Error('The row of the audit chain is gone: run latchkey audit verify');
    const create = { id: ID, key: encrypted, ...ends, endsCode: endsCode(key, ends), sealedAt: new Date() };
    await tx.auditChain.upsert({ where: { id: ID }, create, update: {} });
  });
}

/** Encrypts the key of the chain under SECRET again where it was under SECRET_PREVIOUS, which can then be taken away. */
export async function renewKey(
  { db, encryption }: AuditContext,
  { key, encryptedKey }: Chain,
): Promise<void> {
  if (encryption.isCurrent(encryptedKey, CONTEXT)) return;
  const encrypted = encryption.encrypt(key.export().toString('base64url'), CONTEXT);
  await db.transaction((tx) =>
    tx.auditChain.updateMany({ where: { id: ID, key: encryptedKey }, data: { key: encrypted } }),
  );
}

/**
 * Moves the ends of the chain, if they are still where they were read. Call it first in a transaction: of several processes, one goes on.
 *
 * @returns whether they were moved
 */
export async function moveEnds(tx: Transaction, chain: Chain, to: Partial<Ends>): Promise<boolean> {
  const { headNumber, headCode, anchorNumber, anchorCode } = chain;
  const from = { headNumber, headCode, anchorNumber, anchorCode };
  const ends = { ...from, ...to };
  const { count } = await tx.auditChain.updateMany({
    where: { id: ID, ...from },
    data: { ...ends, endsCode: endsCode(chain.key, ends), sealedAt: new Date() },
  });
  return count === 1;
}

/** @throws {Error} when the ends are not as the service wrote them: what was done to the chain must not be signed */
export function requireAuthentic({ isAuthentic }: Chain): void {
  if (!isAuthentic)
    throw new Error('The ends of the audit chain were changed from outside: run latchkey audit verify');
}

/** The head as the log has it, and `latchkey audit verify --head` takes it: `<number>:<code>`. */
export function describeHead({ headNumber, headCode }: Ends): string {
  return `${headNumber}:${headCode}`;
}

function toChain(ends: Ends, key: KeyObject, encryptedKey: string, code: string): Chain {
  const { headNumber, headCode, anchorNumber, anchorCode } = ends;
  const isAuthentic = code === endsCode(key, ends);
  return { headNumber, headCode, anchorNumber, anchorCode, key, encryptedKey, isAuthentic };
}

function endsCode(key: KeyObject, { headNumber, headCode, anchorNumber, anchorCode }: Ends): string {
  return hmac(key, ['ends', headNumber, headCode, anchorNumber, anchorCode]);
}

/** Over JSON, in which no two lists are the same text. */
function hmac(key: KeyObject, parts: readonly (string | number | null)[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}
