import { useRef } from 'preact/hooks';
import { useResource } from './resource.ts';
import { useWhileVisible } from './while-visible.ts';

/** Milliseconds between two loads, while the page is visible. */
const INTERVAL_MS = 15_000;

/** Something that is loaded again and again. */
export interface Live<Data> {
  /** The newest data, which stays when a later load fails. */
  readonly data: Data | undefined;
  /** RFC 3339: the time at which the data came; undefined without data. */
  readonly at: string | undefined;
  /** Why the last load has failed, until one succeeds: then the data is stale. */
  readonly error: unknown;
  readonly reload: () => void;
}

/**
 * Loads something every 15 seconds while the page is visible, and at once when it becomes visible after a
 * longer time.
 */
export function useLive<Data>(load: () => Promise<{ data?: Data; error?: unknown }>): Live<Data> {
  const { data, error, isLoading, reload } = useResource(async () => {
    const { data, error } = await load();
    return data === undefined ? { error } : { data: { data, at: new Date().toISOString() } };
  });
  // Without data, a resource forgets its error while it is loaded again. Here the last one counts until then.
  const last = useRef<unknown>(undefined);
  if (!isLoading || data !== undefined) last.current = error;
  const loadedAt = useRef(Date.now());
  useWhileVisible(() => {
    // A timer never comes at the exact time, so that a tick may come early after a late one.
    if (Date.now() - loadedAt.current < INTERVAL_MS / 2) return;
    loadedAt.current = Date.now();
    reload();
  }, INTERVAL_MS);
  return { data: data?.data, at: data?.at, error: last.current, reload };
}
