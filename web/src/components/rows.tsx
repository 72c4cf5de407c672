import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { texts } from '../texts.ts';
import { Failed } from './states.tsx';

interface RowsProps<Item> {
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly children: (item: Item) => ComponentChildren;
  /** Shows more of them; undefined when all are shown. */
  readonly more: (() => void) | undefined;
  readonly isLoading?: boolean;
  /** Why the last `more` has failed. */
  readonly error?: unknown;
}

/** A list that grows by a button. Then the first new row gets the focus, so that a reader goes on there. */
export function Rows<Item>({ items, keyOf, children, more, isLoading = false, error }: RowsProps<Item>) {
  const list = useRef<HTMLUListElement>(null);
  const before = useRef<number | undefined>(undefined);
  useEffect(() => {
    const first = before.current;
    if (first === undefined || items.length <= first) return;
    before.current = undefined;
    list.current?.querySelectorAll('li')[first]?.focus();
  }, [items.length]);
  const grow = () => {
    before.current = items.length;
    more?.();
  };
  return (
    <>
      <ul ref={list} class="rows">
        {items.map((item) => (
          <li key={keyOf(item)} tabIndex={-1}>
            {children(item)}
          </li>
        ))}
      </ul>
      {error !== undefined && <Failed error={error} retry={grow} />}
      {error === undefined && more !== undefined && (
        <button type="button" class="button" aria-disabled={isLoading} onClick={grow}>
          {texts.account.more}
          {isLoading && <span class="spinner" aria-hidden="true" />}
        </button>
      )}
    </>
  );
}
