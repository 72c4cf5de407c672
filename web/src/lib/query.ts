import { replaceSearch, useLocation } from '../router.tsx';

/** The filters of a list. They are in the address, so that a link and the way back keep them. */
export interface Query {
  /** Returns a filter; the empty text when it is not set. */
  readonly get: (name: string) => string;
  /** Sets filters; the empty text removes one. */
  readonly set: (values: Readonly<Record<string, string>>) => void;
  /** All filters as one text: the `key` of what they are loaded for. */
  readonly key: string;
}

/** Reads the filters of the page that is shown, and changes them. */
export function useQuery(): Query {
  const { search } = useLocation();
  const query = new URLSearchParams(search);
  return {
    get: (name) => query.get(name) ?? '',
    set: (values) => {
      const next = new URLSearchParams(query);
      for (const [name, value] of Object.entries(values))
        if (value === '') next.delete(name);
        else next.set(name, value);
      replaceSearch(next.size === 0 ? '' : `?${next}`);
    },
    key: query.toString(),
  };
}
