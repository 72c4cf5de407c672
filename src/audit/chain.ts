import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { ConfigError } from '../config/index.ts';
import type { Encryption } from '../crypto/encryption.ts';
import type { Database, Transaction } from '../db/client.ts';
import { DataError } from '../db/data-error.ts';
import { deriveMacKey, hmac, KEY_BYTES } from './codes.ts';

/** Id of the only row of AuditChain. */
const CHAIN_ROW_ID = 1;

/** Encryption context of the key of the chain. */
const ENCRYPTION_CONTEXT = 'audit chain';

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
  /** The key of the MACs of events. */
  readonly macKey: KeyObject;
  /** Events that were written from then on need a MAC. Null: no sealer of this version has run yet. */
  readonly macsFrom: Date | null;
  /** When the ends were last moved, by the clock of the process that did it. */
  readonly sealedAt: Date;
  /** True when the ends, and the time of the first MACs, are as the service wrote them. */
  readonly isAuthentic: boolean;
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
  return toChain(row, createSecretKey(key, 'base64url'));
}

/**
 * Reads the chain, and creates it first when there is none.
 *
 * @throws {ConfigError} as {@link readChain}
 * @throws {DataError} as {@link beginChain}
 */
export async function readOrBeginChain(audit: AuditContext): Promise<Chain> {
  const chain = await readChain(audit);
  if (chain !== undefined) return chain;
  await beginChain(audit);
  return readOrBeginChain(audit);
}

/**
 * Creates the chain, unless another process has just created it. Where there are no events yet, all of them
 * need a MAC.
 *
 * @throws {DataError} when there are sealed events but no chain
 */
export async function beginChain({ db, now, encryption }: AuditContext): Promise<void> {
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
    if (sealed !== null) throw new DataError('The row of the audit chain is gone: run latchkey audit verify');
    const isFirst = (await tx.auditEvent.findFirst({ select: { id: true } })) === null;
    const macsFrom = isFirst ? await now(tx) : null;
    const create = {
      id: CHAIN_ROW_ID,
      key: encrypted,
      ...ends,
      endsCode: endsCode(key, ends),
      macsFrom,
      macsFromCode: macsFrom === null ? null : macsFromCode(key, macsFrom),
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

/** Stores from when on events need a MAC. @returns false when another process has just done it */
export async function requireMacs(tx: Transaction, { key }: Chain, macsFrom: Date): Promise<boolean> {
  const data = { macsFrom, macsFromCode: macsFromCode(key, macsFrom) };
  const { count } = await tx.auditChain.updateMany({ where: { id: CHAIN_ROW_ID, macsFrom: null }, data });
  return count === 1;
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

interface ChainRow extends Ends {
  readonly key: string;
  readonly endsCode: string;
  readonly macsFrom: Date | null;
  readonly macsFromCode: string | null;
  readonly sealedAt: Date;
}

function toChain(row: ChainRow, key: KeyObject): Chain {
  const { headNumber, headCode, anchorNumber, anchorCode, macsFrom, sealedAt } = row;
  const areMacsAuthentic = row.macsFromCode === (macsFrom === null ? null : macsFromCode(key, macsFrom));
  return {
    headNumber,
    headCode,
    anchorNumber,
    anchorCode,
    key,
    macKey: deriveMacKey(key),
    encryptedKey: row.key,
    macsFrom,
    sealedAt,
    isAuthentic: areMacsAuthentic && row.endsCode === endsCode(key, row),
  };
}

function macsFromCode(key: KeyObject, macsFrom: Date): string {
  return hmac(key, ['macs from', macsFrom.getTime()]);
}

function endsCode(key: KeyObject, { headNumber, headCode, anchorNumber, anchorCode }: Ends): string {
  return hmac(key, ['ends', headNumber, headCode, anchorNumber, anchorCode]);
}
