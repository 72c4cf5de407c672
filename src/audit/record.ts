import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import type { Handle, Transaction } from '../db/client.ts';
import { insertRows } from '../db/raw/insert.ts';
import { newId } from '../lib/id.ts';
import { type AuditContext, readOrBeginChain } from './chain.ts';
import { macOf } from './codes.ts';
import { type AuditRecord, MAX_USER_AGENT_LENGTH, type RequestContext } from './event.ts';

/** Length of the salt of personal data. Without a salt, the hash would confirm a guessed address. */
const SALT_BYTES = 16;

/** The person of an event that personal data is about. */
export type Part = 'actor' | 'target';

/** Writes events with the MAC of the service. */
export class Recorder {
  readonly #audit: AuditContext;
  #macKey: KeyObject | undefined;

  constructor(audit: AuditContext) {
    this.#audit = audit;
  }

  /**
   * Loads the key of the MACs, and begins the chain when there is none. Call it before the first event.
   *
   * @throws {ConfigError} when neither SECRET nor SECRET_PREVIOUS decrypts the key of the chain
   * @throws {DataError} when there are sealed events but no chain
   */
  async open(): Promise<void> {
    this.#macKey = (await readOrBeginChain(this.#audit)).macKey;
  }

  /**
   * Writes events, in the transaction of the change itself. Personal data goes into separate rows, which can
   * be erased; the event keeps their salted hash.
   *
   * @returns the ids of the events
   */
  async record(tx: Handle, records: readonly AuditRecord[]): Promise<string[]> {
    if (records.length === 0) return [];
    if (this.#macKey === undefined) throw new Error('The recorder was not opened');
    return writeEvents(tx, this.#macKey, records);
  }
}

/** Writes events and their personal data. @returns the ids of the events */
export async function writeEvents(
  tx: Handle,
  macKey: KeyObject,
  records: readonly AuditRecord[],
): Promise<string[]> {
  const createdAt = new Date();
  const rows = records.map((record) => toRows(record, createdAt));
  const events = rows.map(({ event }) => ({ ...event, mac: macOf(macKey, event) }));
  await insertRows(tx, 'AuditEvent', events);
  const personal = rows.flatMap((row) => row.personal);
  await insertRows(tx, 'PersonalData', personal);
  return events.map(({ id }) => id);
}

/**
 * Assigns personal data to a user. It was recorded for an invitation, before the user existed. The
 * verification knows it by the event of the invitation that names the user: `invitation.accepted`, or
 * `invitation.revoked` for one who got the account in another way (evidence.ts).
 */
export async function reassignPersonalData(tx: Transaction, from: string, to: string): Promise<void> {
  await tx.personalData.updateMany({ where: { subjectId: from }, data: { subjectId: to } });
}

/** Computes the hash of a row of personal data. The event keeps it. */
export function hashPersonalData(salt: string, data: string): string {
  return createHash('sha256').update(`${salt}.${data}`).digest('base64url');
}

/**
 * Returns the user to whom the IP address and user agent of an event belong: the actor, else the target of an
 * unauthenticated caller.
 */
export function subjectOf({ actorId, targetId }: Pick<AuditRecord, 'actorId' | 'targetId'>): string | null {
  return actorId ?? targetId;
}

function toRows(record: AuditRecord, createdAt: Date) {
  const { action, actorId, targetId, before, after, personal, count = 1, requestContext } = record;
  const id = newId(createdAt);
  const { ip, requestId } = requestContext;
  const userAgent = requestContext.userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null;
  const actor = ip === null ? undefined : personalRow(id, 'actor', subjectOf(record), { ip, userAgent });
  const target = personal === undefined ? undefined : personalRow(id, 'target', targetId, personal);
  const event = {
    id,
    action,
    actorId,
    targetId,
    before: toJson(before),
    after: toJson(withApiKey(after, requestContext)),
    count,
    requestId,
    actorHash: actor === undefined ? null : hashPersonalData(actor.salt, actor.data),
    targetHash: target === undefined ? null : hashPersonalData(target.salt, target.data),
    createdAt,
  };
  return { event, personal: [actor, target].filter((row) => row !== undefined) };
}

function personalRow(eventId: string, part: Part, subjectId: string | null, data: object) {
  return {
    eventId,
    part,
    subjectId,
    salt: randomBytes(SALT_BYTES).toString('base64url'),
    data: JSON.stringify(data),
  };
}

/** Names the API key beside its owner, who is the actor. It is among what the event's codes are made of. */
function withApiKey(after: AuditRecord['after'], { apiKeyId }: RequestContext): AuditRecord['after'] {
  return apiKeyId === undefined ? after : { ...after, apiKey: apiKeyId };
}

function toJson(members: object | undefined): string | null {
  return members === undefined ? null : JSON.stringify(members);
}
