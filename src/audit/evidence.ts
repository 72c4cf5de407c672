import type { Db } from '../db/client.ts';
import type { AuditAction } from './event.ts';
import { hashPersonalData, type Part } from './record.ts';

/** The columns of an event that say what personal data it has, and of whom. */
export interface Witness {
  readonly id: string;
  readonly action: string;
  readonly actorId: string | null;
  readonly targetId: string | null;
  readonly actorHash: string | null;
  readonly targetHash: string | null;
}

interface PersonalRow {
  readonly eventId: string;
  readonly part: string;
  readonly subjectId: string | null;
  readonly salt: string;
  readonly data: string;
}

const parts: readonly Part[] = ['actor', 'target'];

/**
 * The personal data of some events, and the later events that explain what has changed in it: a user who
 * accepted an invitation owns its personal data, and a user who was deleted has none. Both are events of the
 * chain, so the rows of personal data need no code of their own.
 */
export class Evidence {
  readonly #personal: ReadonlyMap<string, readonly PersonalRow[]>;
  /** Users by the invitation that they accepted. */
  readonly #invited: ReadonlyMap<string, string>;
  readonly #deleted: ReadonlySet<string>;

  private constructor(
    personal: ReadonlyMap<string, readonly PersonalRow[]>,
    invited: ReadonlyMap<string, string>,
    deleted: ReadonlySet<string>,
  ) {
    this.#personal = personal;
    this.#invited = invited;
    this.#deleted = deleted;
  }

  /** Reads the evidence of some events: first the personal data, then the events that explain it. */
  static async read(db: Db, events: readonly Witness[]): Promise<Evidence> {
    const rows = await db.personalData.findMany({ where: { eventId: { in: events.map(({ id }) => id) } } });
    const personal = new Map<string, PersonalRow[]>();
    for (const row of rows) personal.set(row.eventId, [...(personal.get(row.eventId) ?? []), row]);
    const invitations = events.filter(({ action }) => action.startsWith('invitation.'));
    const invited = new Map<string, string>();
    for (const { actorId, targetId } of await readAbout(
      db,
      'invitation.accepted',
      invitations.map(({ targetId }) => targetId),
    ))
      if (actorId !== null && targetId !== null) invited.set(targetId, actorId);
    const complete = new Evidence(personal, invited, new Set());
    const missing = events.flatMap((event) => complete.#missing(event).map(({ subject }) => subject));
    const deleted = await readAbout(db, 'user.deleted', missing);
    return new Evidence(personal, invited, new Set(deleted.flatMap(({ targetId }) => targetId ?? [])));
  }

  /** Lists what is wrong with the personal data of an event, as predicates. */
  problemsOf(event: Witness): string[] {
    const problems = this.#rowsOf(event).flatMap((row) => {
      const { part, subjectId, salt, data } = row;
      if (!isPart(part) || hashOf(event, part) !== hashPersonalData(salt, data))
        return [`has personal data (${part}) that was altered`];
      if (subjectId !== this.#subjectOf(event, part))
        return [`has personal data (${part}) that was assigned to another person`];
      return [];
    });
    const lost = this.#missing(event).filter(
      ({ subject }) => subject === null || !this.#deleted.has(subject),
    );
    return [
      ...problems,
      ...lost.map(({ part }) => `has lost its personal data (${part}), and its person was not deleted`),
    ];
  }

  #missing(event: Witness): { readonly part: Part; readonly subject: string | null }[] {
    const rows = this.#rowsOf(event);
    return parts
      .filter((part) => hashOf(event, part) !== null && !rows.some((row) => row.part === part))
      .map((part) => ({ part, subject: this.#subjectOf(event, part) }));
  }

  #subjectOf({ actorId, targetId }: Witness, part: Part): string | null {
    if (part === 'actor' && actorId !== null) return actorId;
    return targetId === null ? null : (this.#invited.get(targetId) ?? targetId);
  }

  #rowsOf({ id }: Witness): readonly PersonalRow[] {
    return this.#personal.get(id) ?? [];
  }
}

function isPart(part: string): part is Part {
  return part === 'actor' || part === 'target';
}

function hashOf({ actorHash, targetHash }: Witness, part: Part): string | null {
  return part === 'actor' ? actorHash : targetHash;
}

async function readAbout(db: Db, action: AuditAction, targetIds: readonly (string | null)[]) {
  const targets = [...new Set(targetIds.filter((id) => id !== null))];
  if (targets.length === 0) return [];
  const where = { action, targetId: { in: targets } };
  return db.auditEvent.findMany({ where, select: { actorId: true, targetId: true } });
}
