import type { components } from '@latchkey/client';
import { isProblem } from '@latchkey/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../session.ts';

/** What is known of a user: enough for a link. */
export type Person = Pick<components['schemas']['User'], 'name' | 'kind'>;

/** Users by id. Deleted ones, and those that are not loaded yet, are not in it. */
export type People = ReadonlyMap<string, Person>;

/** Requests under way at once. */
const BATCH = 6;

/** Loads the names of users, each of them once, some at a time. */
export function usePeople(ids: readonly string[]): People {
  const known = useRef(new Map<string, Person | undefined>());
  const [people, setPeople] = useState<People>(new Map());
  const key = [...new Set(ids)].join();
  useEffect(() => {
    let isGone = false;
    const load = async () => {
      const missing = key.split(',').filter((id) => id !== '' && !known.current.has(id));
      for (let start = 0; start < missing.length && !isGone; start += BATCH) {
        await Promise.all(missing.slice(start, start + BATCH).map((id) => look(id, known.current)));
        if (!isGone) setPeople(peopleOf(known.current));
      }
    };
    void load();
    return () => {
      isGone = true;
    };
  }, [key]);
  return people;
}

/** Loads a user. What has failed is asked for again with the next page; a deleted user is not. */
async function look(id: string, known: Map<string, Person | undefined>): Promise<void> {
  const { data, error } = await api
    .GET('/users/{id}', { params: { path: { id } } })
    .catch((error: unknown) => ({ data: undefined, error }));
  if (data !== undefined) known.set(id, { name: data.name, kind: 'kind' in data ? data.kind : 'person' });
  else if (isProblem(error, 'user-not-found')) known.set(id, undefined);
}

function peopleOf(known: ReadonlyMap<string, Person | undefined>): People {
  return new Map([...known].flatMap(([id, person]) => (person === undefined ? [] : [[id, person]])));
}
