import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** A long list, of which one page after the other is loaded. */
export interface Pages<Item> {
  /** Undefined until the first page is there. */
  readonly items: readonly Item[] | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  /** Loads the next page, or the same again after an error. */
  readonly more: () => void;
}

/** A page of a list, as the service answers it. */
interface Answer<Item> {
  readonly data?: { readonly items: readonly Item[]; readonly nextCursor: string | null };
  readonly error?: unknown;
}

type State<Item> = Omit<Pages<Item>, 'more' | 'hasMore'> & { readonly cursor: string | null | undefined };

/**
 * Loads the first page of a list when the component appears, and the others when they are asked for.
 *
 * @param load gets the cursor of the page; undefined for the first one
 */
export function usePages<Item>(load: (cursor: string | undefined) => Promise<Answer<Item>>): Pages<Item> {
  const [state, setState] = useState<State<Item>>({
    items: undefined,
    error: undefined,
    isLoading: true,
    cursor: undefined,
  });
  const latest = useRef({ load, state });
  latest.current = { load, state };
  const isBusy = useRef(false);
  const isGone = useRef(false);

  const more = useCallback(() => {
    const { load, state } = latest.current;
    if (isBusy.current || state.cursor === null) return;
    isBusy.current = true;
    setState({ ...state, error: undefined, isLoading: true });
    load(state.cursor)
      .catch((error: unknown): Answer<Item> => ({ error }))
      .then(({ data, error }) => {
        isBusy.current = false;
        if (isGone.current) return;
        const items = data === undefined ? state.items : [...(state.items ?? []), ...data.items];
        const cursor = data === undefined ? state.cursor : data.nextCursor;
        setState({ items, error, isLoading: false, cursor });
      });
  }, []);
  useEffect(() => {
    more();
    return () => {
      isGone.current = true;
    };
  }, [more]);
  return { ...state, hasMore: typeof state.cursor === 'string', more };
}
