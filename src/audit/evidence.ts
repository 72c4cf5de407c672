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
 * accepted an invitation owns its personal data, and so does one who got the account in another way. A user
 * who was deleted has none, or is listed to be erased. All are events of the chain, so the rows of personal
 * data need no code of their own.
 */
export class Evidence {
  readonly #personal: ReadonlyMap<string, readonly PersonalRow[]>;
  /** Users by the invitation that they accepted. */
  readonly #invited: ReadonlyMap<string, string>;
  /** Users by the invitation that ended because they got their account in another way. */
  readonly #overtaken: ReadonlyMap<string, string>;
  readonly #deleted: ReadonlySet<string>;
  /** Deleted users whose personal data nothing will erase. */
  readonly #forgotten: ReadonlySet<string>;

  private constructor(
    personal: ReadonlyMap<string, readonly PersonalRow[]>,
    invited: ReadonlyMap<string, string>,
    overtaken: ReadonlyMap<string, string>,
    deleted: ReadonlySet<string>,
    forgotten: ReadonlySet<string>,
  ) {
    this.#personal = personal;
    this.#invited = invited;
    this.#overtaken = overtaken;
    this.#deleted = deleted;
    this.#forgotten = forgotten;
  }

  /** Reads the evidence of some events: first the personal data, then the events that explain it. */
  static async read(db: Db, events: readonly Witness[]): Promise<Evidence> {
    const rows = await db.personalData.findMany({ where: { eventId: { in: events.map(({ id }) => id) } } });
    const personal = new Map<string, PersonalRow[]>();
    for (const row of rows) personal.set(row.eventId, [...(personal.get(row.eventId) ?? []), row]);
    const invitations = events.filter(({ action }) => action.startsWith('invitation.'));
    const invited = new Map<string, string>();
    const overtaken = new Map<string, string>();
    const ids = invitations.map(({ targetId }) => targetId);
    for (const { actorId, targetId } of await readAbout(db, 'invitation.accepted', ids))
      if (actorId !== null && targetId !== null) invited.set(targetId, actorId);
    for (const { targetId, after } of await readAbout(db, 'invitation.revoked', ids)) {
      const { userId } = Object(JSON.parse(after ?? '{}'));
      if (typeof userId === 'string' && targetId !== null) overtaken.set(targetId, userId);
    }
    const complete = new Evidence(personal, invited, overtaken, new Set(), new Set());
    const missing = events.flatMap((event) => complete.#missing(event).map(({ subject }) => subject));
    const present = new Set(rows.flatMap(({ subjectId }) => subjectId ?? []));
    const deletions = await readAbout(db, 'user.deleted', [...missing, ...present]);
    const deleted = new Set(deletions.flatMap(({ targetId }) => targetId ?? []));
    const left = [...present].filter((id) => deleted.has(id));
    return new Evidence(personal, invited, overtaken, deleted, await readForgotten(db, left));
  }

  /** Lists what is wrong with the personal data of an event, as predicates. */
  problemsOf(event: Witness): string[] {
    const problems = this.#rowsOf(event).flatMap((row) => {
      const { part, subjectId, salt, data } = row;
      if (!isPart(part) || hashOf(event, part) !== hashPersonalData(salt, data))
        return [`has personal data (${part}) that was altered`];
      if (subjectId !== this.#subjectOf(event, part) && !this.#isOfBefore(event, subjectId))
        return [`has personal data (${part}) that was assigned to another person`];
      if (subjectId !== null && this.#forgotten.has(subjectId))
        return [`has personal data (${part}) of a person who was deleted, and nothing erases it`];
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
    if (targetId === null) return null;
    return this.#invited.get(targetId) ?? this.#overtaken.get(targetId) ?? targetId;
  }

  /** Earlier versions left the data of an overtaken invitation with the invitation. */
  #isOfBefore({ targetId }: Witness, subjectId: string | null): boolean {
    return targetId !== null && subjectId === targetId && this.#overtaken.has(targetId);
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

/** Selects the deleted users who are not listed to be erased, and whose id no import has used again. */
async function readForgotten(db: Db, deleted: readonly string[]): Promise<ReadonlySet<string>> {
  if (deleted.length === 0) return new Set();
  const ids = { in: [...deleted] };
  const listed = await db.erasure.findMany({ where: { subjectId: ids }, select: { subjectId: true } });
  const present = await db.user.findMany({ where: { id: ids }, select: { id: true } });
  const others = new Set([...listed.map(({ subjectId }) => subjectId), ...present.map(({ id }) => id)]);
  return new Set(deleted.filter((id) => !others.has(id)));
}

async function readAbout(db: Db, action: AuditAction, targetIds: readonly (string | null)[]) {
  const targets = [...new Set(targetIds.filter((id) => id !== null))];
  if (targets.length === 0) return [];
  const where = { action, targetId: { in: targets } };
  return db.auditEvent.findMany({ where, select: { actorId: true, targetId: true, after: true } });
}
