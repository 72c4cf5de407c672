import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { isAway, reach } from './reach.ts';

/** Something that is loaded from the service. The data stays while it is loaded again, or cannot be. */
export interface Resource<Data> {
  readonly data: Data | undefined;
  /** Why the last load has failed. With data, these are of an earlier load. */
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** What `api.GET` resolves with. */
interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
}

/**
 * Loads something when the component appears, and again when `key` changes. An answer that was overtaken by
 * a later one is dropped. Where the service was away, it is loaded again when it is back.
 */
export function useResource<Data>(load: () => Promise<Answer<Data>>, key = ''): Resource<Data> {
  const [state, setState] = useState<Omit<Resource<Data>, 'reload'>>({
    data: undefined,
    error: undefined,
    isLoading: true,
  });
  const latest = useRef(load);
  latest.current = load;
  const count = useRef(0);
  const reload = useCallback(() => {
    const own = ++count.current;
    // A notice about old data stays while the next load is on its way.
    setState(({ data, error }) => ({ data, error: data === undefined ? undefined : error, isLoading: true }));
    latest
      .current()
      .catch((error: unknown): Answer<Data> => ({ error }))
      .then(({ data, error }) => {
        if (own === count.current)
          setState((before) => ({ data: data ?? before.data, error, isLoading: false }));
      });
  }, []);
  useEffect(() => {
    reload();
    return () => void count.current++;
  }, [key, reload]);
  const { error } = state;
  const wasAway = isAway(error);
  useEffect(() => {
    const look = () => {
      if (!reach.get()) return;
      // The banner has said it, and goes: the notice would come in its place for a moment.
      setState((before) => ({ ...before, error: undefined }));
      reload();
    };
    return wasAway ? reach.subscribe(look) : undefined;
  }, [wasAway, reload]);
  return { ...state, reload };
}
