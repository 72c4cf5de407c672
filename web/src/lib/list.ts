import { useState } from 'preact/hooks';
import { type Resource, useResource } from './resource.ts';

/** One page of a list, as the service answers it. */
interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** A long list, of which one page is shown at a time. It never grows in the browser. */
export interface List<Item> {
  readonly page: Resource<ListPage<Item>>;
  /** Shows the next page; undefined on the last one. */
  readonly next: (() => void) | undefined;
  /** Shows the page before; undefined on the first one. */
  readonly previous: (() => void) | undefined;
}

/**
 * Loads one page of a list at a time.
 *
 * @param load gets the cursor of the page; undefined for the first one
 * @param key names the filters: with others, the list begins at its first page
 */
export function useList<Item>(
  load: (cursor: string | undefined) => Promise<{ data?: ListPage<Item>; error?: unknown }>,
  key = '',
): List<Item> {
  const [position, setPosition] = useState<{ key: string; cursors: readonly string[] }>({ key, cursors: [] });
  const cursors = position.key === key ? position.cursors : [];
  const cursor = cursors.at(-1);
  const loadedFor = `${key} ${cursor ?? ''}`;
  const page = useResource(async () => {
    const { data, error } = await load(cursor);
    return data === undefined ? { error } : { data: { ...data, loadedFor } };
  }, loadedFor);
  const isOther = page.data !== undefined && page.data.loadedFor !== loadedFor;
  const hasFailed = page.error !== undefined && !page.isLoading;
  // While a page is loaded, the one before is still shown. Its cursor would lead to the same page again.
  const nextCursor = isOther ? null : (page.data?.nextCursor ?? null);
  const go = (to: readonly string[]) => () => setPosition({ key, cursors: to });
  return {
    // What other filters have found is no answer to these.
    page: isOther ? { ...page, ...(hasFailed ? { data: undefined } : { error: undefined }) } : page,
    next: nextCursor === null ? undefined : go([...cursors, nextCursor]),
    previous: cursor === undefined ? undefined : go(cursors.slice(0, -1)),
  };
}
