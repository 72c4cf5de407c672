import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** Length of the keys: that of the output of HMAC-SHA-256 (RFC 2104 section 3). */
export const KEY_BYTES = 32;

/** The columns of an event that its code and its MAC cover. */
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

/** An event as it is stored. */
export interface StoredEvent extends ChainedEvent {
  /** Null: a version without MACs wrote the event. */
  readonly mac: string | null;
}

/**
 * Computes the code of an event: HMAC-SHA-256 over the event, its number and the code of the event before, in
 * base64url.
 *
 * @param key of the chain
 * @param previous code of the event before; '' for the first event
 */
export function codeOf(key: KeyObject, previous: string, number: number, event: ChainedEvent): string {
  return hmac(key, ['event', previous, number, ...columnsOf(event)]);
}

/**
 * Derives the key of the MACs from the key of the chain (HKDF, RFC 5869 section 3.2), so that it outlives a
 * change of SECRET too.
 */
export function deriveMacKey(key: KeyObject): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', key, '', 'latchkey audit event', KEY_BYTES)));
}

/**
 * Computes the MAC of an event: HMAC-SHA-256 over the event, in base64url. It is written with the event, and
 * says that the service wrote it; the code says where in the chain it is.
 *
 * @param macKey as of {@link deriveMacKey}
 */
export function macOf(macKey: KeyObject, event: ChainedEvent): string {
  return hmac(macKey, columnsOf(event));
}

/** Computes an HMAC over the parts as JSON: two different lists never give the same text. */
export function hmac(key: KeyObject, parts: readonly (string | number | null)[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}

function columnsOf(event: ChainedEvent): (string | number | null)[] {
  const { id, action, actorId, targetId, before, after, count, requestId, actorHash, targetHash } = event;
  const time = event.createdAt.toISOString();
  return [id, action, actorId, targetId, before, after, count, requestId, actorHash, targetHash, time];
}
