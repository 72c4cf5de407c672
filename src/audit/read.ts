import type { Db } from '../db/client.ts';
import { compile } from '../lib/compile-schema.ts';
import { lowestIdOf } from '../lib/id.ts';
import { invalidQuery } from '../problems/problem.ts';
import type { ChainedEvent } from './codes.ts';
import { readPersonalData } from './erase.ts';
import { type AuditEvent, Members, PersonalMembers } from './event.schemas.ts';
import type { AuditAction } from './event.ts';
import { currentName, storedNames } from './renamed-actions.ts';

const isMembers = compile(Members);
const isPersonalMembers = compile(PersonalMembers);

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A page of a list, as a client requests it. */
export interface PageRequest {
  /** Events per page. */
  readonly limit: number;
  /** `nextCursor` of the previous page. */
  readonly cursor?: string | undefined;
}

/** Conditions for events. An event must fulfil all that are set. */
export interface EventFilter {
  readonly actor?: string | undefined;
  readonly target?: string | undefined;
  readonly action?: AuditAction | undefined;
  /** Start of the period, included. */
  readonly from?: Date | undefined;
  /** End of the period, excluded. */
  readonly until?: Date | undefined;
}

/** A page of events, newest first; `nextCursor` is null on the last one. */
export interface EventPage {
  readonly events: AuditEvent[];
  readonly nextCursor: string | null;
}

type Row = ChainedEvent & { readonly number: number | null };
type Personal = ReadonlyMap<string, { readonly actor?: PersonalMembers; readonly target?: PersonalMembers }>;

/**
 * Lists events, newest first, with keyset pagination. Ids contain the time (UUIDv7), so each filter is a
 * range of an index, and no other events are read. (With actor, target and action, those of the other
 * actions between the two people are read too.)
 *
 * @throws {Problem} `validation-failed` for a cursor that cannot be read
 */
export async function listEvents(
  db: Db,
  { actor, target, action, from, until }: EventFilter,
  { limit, cursor }: PageRequest,
): Promise<EventPage> {
  const where = {
    ...(actor !== undefined && { actorId: actor }),
    ...(target !== undefined && { targetId: target }),
    AND: [
      ...(from === undefined ? [] : [{ id: { gte: lowestIdOf(from) } }]),
      ...(until === undefined ? [] : [{ id: { lt: lowestIdOf(until) } }]),
      ...(cursor === undefined ? [] : [{ id: { lt: readCursor(cursor) } }]),
    ],
  };
  const read = (name?: string) =>
    db.auditEvent.findMany({
      where: { ...where, ...(name !== undefined && { action: name }) },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
  // A query for each name of an action: the rows of several names would have to be sorted.
  const names = action === undefined ? [undefined] : storedNames(action);
  const rows = (await Promise.all(names.map(read))).flat();
  return toPage(db, newestFirst(rows), limit, toEvent);
}

/**
 * Lists the events of which a user is the actor or the target, newest first. It shows no data of other
 * people: no address, no name, and no reason that one of them wrote.
 *
 * @throws {Problem} `validation-failed` for a cursor that cannot be read
 */
export async function listActivity(
  db: Db,
  userId: string,
  { limit, cursor }: PageRequest,
): Promise<EventPage> {
  const rest = cursor === undefined ? {} : { id: { lt: readCursor(cursor) } };
  // Two queries, each a range of an index: an `OR` of both conditions would not be one.
  const read = (who: { actorId: string } | { targetId: string }) =>
    db.auditEvent.findMany({ where: { ...who, ...rest }, orderBy: { id: 'desc' }, take: limit + 1 });
  const [asActor, asTarget] = await Promise.all([read({ actorId: userId }), read({ targetId: userId })]);
  const rows = new Map([...asActor, ...asTarget].map((row) => [row.id, row]));
  return toPage(db, newestFirst([...rows.values()]), limit, (row, personal) =>
    redactForUser(toEvent(row, personal), row, userId),
  );
}

function newestFirst(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (a.id < b.id ? 1 : -1));
}

/** Removes from an event what its actor or target may not see of the other one. */
function redactForUser(event: AuditEvent, row: Row, userId: string): AuditEvent {
  const isActor = row.actorId === userId;
  const isTarget = row.targetId === userId;
  return {
    ...event,
    ...(!isActor && { apiKeyId: null, ip: null, userAgent: null }),
    ...(!isTarget && {
      before: parse(isMembers, row.before) ?? null,
      after: splitAfter(row).after ?? null,
    }),
    reason: null,
  };
}

async function toPage(
  db: Db,
  rows: readonly Row[],
  limit: number,
  show: (row: Row, personal: Personal) => AuditEvent,
): Promise<EventPage> {
  const page = rows.slice(0, limit);
  const personal = await readPersonal(
    db,
    page.map(({ id }) => id),
  );
  const last = page.at(-1);
  return {
    events: page.map((row) => show(row, personal)),
    nextCursor: rows.length > limit && last !== undefined ? writeCursor(last.id) : null,
  };
}

async function readPersonal(db: Db, eventIds: string[]): Promise<Personal> {
  const rows = await readPersonalData(db, eventIds);
  const personal = new Map<string, { actor?: PersonalMembers; target?: PersonalMembers }>();
  for (const { eventId, part, data } of rows)
    personal.set(eventId, { ...personal.get(eventId), [part]: parse(isPersonalMembers, data) });
  return personal;
}

function toEvent(row: Row, personal: Personal): AuditEvent {
  const { id, number, action, actorId, targetId, count, requestId, createdAt } = row;
  const { actor, target } = personal.get(id) ?? {};
  const { after, apiKeyId } = splitAfter(row);
  return {
    id,
    number,
    action: currentName(action),
    actorId,
    apiKeyId,
    targetId,
    before: merge(parse(isMembers, row.before), target?.before),
    after: merge(after, target?.after),
    reason: target?.reason ?? null,
    count,
    ip: actor?.ip ?? null,
    userAgent: actor?.userAgent ?? null,
    requestId,
    createdAt: createdAt.toISOString(),
  };
}

/** Separates the API key, which is stored among the values after the change. */
function splitAfter({ after: text }: Row) {
  const stored = parse(isMembers, text);
  if (stored?.apiKey === undefined) return { after: stored, apiKeyId: null };
  const { apiKey, ...after } = stored;
  return { after: Object.keys(after).length === 0 ? undefined : after, apiKeyId: String(apiKey) };
}

function merge(plain: Members | undefined, personal: Members | undefined): Members | null {
  return plain === undefined && personal === undefined ? null : { ...plain, ...personal };
}

/**
 * Parses stored JSON.
 *
 * @returns undefined when there is none, or when it was changed from outside and does not fit
 */
function parse<T>(fits: (value: unknown) => value is T, text: string | null): T | undefined {
  if (text === null) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return fits(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Encodes a cursor. It is opaque to clients, so that its contents can change. */
function writeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function readCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (UUID.test(id)) return id;
  throw invalidQuery('cursor', 'format', 'is not a cursor that an earlier page gave as nextCursor');
}
