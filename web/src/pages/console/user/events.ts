import type { components } from '@latchkey/client';
import { useRef } from 'preact/hooks';
import { type List, useList } from '../../../lib/list.ts';
import { api } from '../../../session.ts';

export type Event = components['schemas']['AuditEvent'];

/** Events that a page of the list has. */
const PAGE_SIZE = 20;

/** The service can be asked for what somebody did, or for what was done to somebody. */
const sources = ['target', 'actor'] as const;

/** What was read of one of the two and not shown yet, and where the next page begins; null at the end. */
interface Rest {
  readonly events: readonly Event[];
  readonly cursor: string | null | undefined;
}

type Answer = { readonly rest: Rest; readonly error?: undefined } | { readonly error: unknown };

/** Lists what a user did and what was done to the user as one list, newest first. */
export function useEvents(id: string, key: string): List<Event> {
  // The place of each page in the two lists. The first one has the empty name.
  const places = useRef(new Map<string, readonly Rest[]>());
  return useList<Event>(async (name) => {
    const place =
      places.current.get(name ?? '') ?? sources.map((): Rest => ({ events: [], cursor: undefined }));
    const rests: Rest[] = [];
    for (const answer of await Promise.all(sources.map((source, index) => fill(source, id, place[index])))) {
      if (!('rest' in answer)) return { error: answer.error };
      rests.push(answer.rest);
    }
    const items = merge(rests.map(({ events }) => events)).slice(0, PAGE_SIZE);
    const shown = new Set(items.map((event) => event.id));
    const after = rests.map(({ events, cursor }) => ({
      events: events.filter((event) => !shown.has(event.id)),
      cursor,
    }));
    const isEnd = after.every(({ events, cursor }) => events.length === 0 && cursor === null);
    const nextCursor = `${items.at(-1)?.id}`;
    places.current.set(nextCursor, after);
    return { data: { items, nextCursor: isEnd ? null : nextCursor } };
  }, key);
}

/** Reads on until a page can be made of what is there. */
async function fill(
  source: (typeof sources)[number],
  id: string,
  rest: Rest = { events: [], cursor: null },
): Promise<Answer> {
  const { events, cursor } = rest;
  if (cursor === null || events.length >= PAGE_SIZE) return { rest };
  const query = { [source]: id, limit: PAGE_SIZE, ...(cursor !== undefined && { cursor }) };
  const { data, error } = await api.GET('/audit-events', { params: { query } });
  if (data === undefined) return { error };
  return { rest: { events: [...events, ...data.events], cursor: data.nextCursor } };
}

/** Makes one list of several, newest first. The ids of events rise with their time. */
function merge(lists: readonly (readonly Event[])[]): Event[] {
  const byId = new Map(lists.flat().map((event) => [event.id, event]));
  return [...byId.values()].sort((one, other) => (one.id < other.id ? 1 : -1));
}
