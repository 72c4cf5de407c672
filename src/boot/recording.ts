import { type AuditAction, type AuditRecord, noRequest } from '../audit/event.ts';
import type { Recorder } from '../audit/record.ts';
import type { Db } from '../db/client.ts';

/** The database, and the writer of audit events, of a start. */
export interface Recording {
  readonly db: Db;
  readonly recorder: Recorder;
}

/** Builds the event of a part of the configuration that was added or removed since the last start. */
export function toEvent(
  action: Extract<AuditAction, `${'key' | 'level'}.${'added' | 'removed'}` | 'relying-party.changed'>,
  targetId: string | null,
  members: Pick<AuditRecord, 'before' | 'after'>,
): AuditRecord {
  return { action, actorId: null, targetId, ...members, requestContext: noRequest };
}
