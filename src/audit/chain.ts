import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { ConfigError } from '../config/index.ts';
import type { Encryption } from '../crypto/encryption.ts';
import type { Database, Transaction } from '../db/client.ts';

/** Id of the only row of AuditChain. */
const CHAIN_ROW_ID = 1;

/** Encryption context of the key of the chain. */
const ENCRYPTION_CONTEXT = 'audit chain';

/** Length of the key of the chain: that of the output of HMAC-SHA-256 (RFC 2104 section 3). */
const KEY_BYTES = 32;

/** Dependencies of the functions that read and write the chain. */
export interface AuditContext extends Pick<Database, 'db' | 'now'> {
  /** Encryption for the purpose `audit`. */
  readonly encryption: Encryption;
}

/**
 * The two ends of the chain: the newest sealed event, and the newest pruned event (0 and '' when there is
 * none).
 */
export interface Ends {
  readonly headNumber: number;
  readonly headCode: string;
  readonly anchorNumber: number;
  readonly anchorCode: string;
}

/** The chain as it is stored in its row. */
export interface Chain extends Ends {
  /** A KeyObject, not bytes: to build it for each code would take five times as long as the HMAC itself. */
  readonly key: KeyObject;
  /** The key as it is stored, encrypted. */
  readonly encryptedKey: string;
  /** True when the ends are as the service wrote them. */
  readonly isAuthentic: boolean;
}

/** The columns of an event that its code covers. */
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
 * Computes the code of an event: HMAC-SHA-256 over the event, its number and the code of the event before, in
 * base64url.
 *
 * @param previous code of the event before; '' for the first event
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
 * @returns undefined while no event is sealed
 * @throws {ConfigError} when neither SECRET nor SECRET_PREVIOUS decrypts its key
 */
export async function readChain({ db, encryption }: AuditContext): Promise<Chain | undefined> {
  const row = await db.auditChain.findUnique({ where: { id: CHAIN_ROW_ID } });
  if (row === null) return undefined;
  const key = encryption.decrypt(row.key, ENCRYPTION_CONTEXT);
  if (key === undefined) {
    throw new ConfigError(
      'SECRET does not open the key of the audit chain: set SECRET, or SECRET_PREVIOUS, to the secret that it was sealed under',
    );
  }
  return toChain(row, createSecretKey(key, 'base64url'), row.key, row.endsCode);
}

/**
 * Creates the chain, unless another process has just created it.
 *
 * @throws {Error} when there are sealed events but no chain
 */
export async function beginChain({ db, encryption }: AuditContext): Promise<void> {
  const key = createSecretKey(randomBytes(KEY_BYTES));
  const ends = { headNumber: 0, headCode: '', anchorNumber: 0, anchorCode: '' };
  const encrypted = encryption.encrypt(key.export().toString('base64url'), ENCRYPTION_CONTEXT);
  await db.transaction(async (tx) => {
    if ((await tx.auditChain.count()) > 0) return;
    const sealed = await tx.auditEvent.findFirst({
      where: { number: { gte: 0 } },
      orderBy: { number: 'asc' },
      select: { id: true },
    });
    if (sealed !== null) throw new Error('The row of the audit chain is gone: run latchkey audit verify');
    const create = {
      id: CHAIN_ROW_ID,
      key: encrypted,
      ...ends,
      endsCode: endsCode(key, ends),
      sealedAt: new Date(),
    };
    await tx.auditChain.upsert({ where: { id: CHAIN_ROW_ID }, create, update: {} });
  });
}

/**
 * Encrypts the key of the chain under SECRET when it was under SECRET_PREVIOUS, which can be removed
 * afterwards.
 */
export async function renewKey(
  { db, encryption }: AuditContext,
  { key, encryptedKey }: Chain,
): Promise<void> {
  if (encryption.isCurrent(encryptedKey, ENCRYPTION_CONTEXT)) return;
  const encrypted = encryption.encrypt(key.export().toString('base64url'), ENCRYPTION_CONTEXT);
  await db.transaction((tx) =>
    tx.auditChain.updateMany({ where: { id: CHAIN_ROW_ID, key: encryptedKey }, data: { key: encrypted } }),
  );
}

/**
 * Moves the ends of the chain, if they have not changed since they were read (compare-and-swap). Call it
 * first in a transaction: only one of several processes succeeds.
 *
 * @returns true when this call moved them
 */
export async function moveEnds(tx: Transaction, chain: Chain, to: Partial<Ends>): Promise<boolean> {
  const { headNumber, headCode, anchorNumber, anchorCode } = chain;
  const from = { headNumber, headCode, anchorNumber, anchorCode };
  const ends = { ...from, ...to };
  const { count } = await tx.auditChain.updateMany({
    where: { id: CHAIN_ROW_ID, ...from },
    data: { ...ends, endsCode: endsCode(chain.key, ends), sealedAt: new Date() },
  });
  return count === 1;
}

/**
 * Rejects a chain whose ends the service did not write: the service must not sign what others changed.
 *
 * @throws {Error}
 */
export function requireAuthentic({ isAuthentic }: Chain): void {
  if (!isAuthentic)
    throw new Error('The ends of the audit chain were changed from outside: run latchkey audit verify');
}

/** Formats the head for the log and for `latchkey audit verify --head`: `<number>:<code>`. */
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

/** Computes an HMAC over the parts as JSON: two different lists never give the same text. */
function hmac(key: KeyObject, parts: readonly (string | number | null)[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}
