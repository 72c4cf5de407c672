import type { ComponentChildren } from 'preact';
import type { List } from '../lib/list.ts';
import { consoleTexts as own } from '../texts/console/console.ts';
import { Checkbox } from './choice.tsx';
import { Empty, Failed, Loading, Stale } from './states.tsx';

/** A column of a table. */
export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => ComponentChildren;
  /** The order of the list by this column: what a click on its heading asks for. */
  readonly sort?: { readonly direction: 'ascending' | 'descending' | 'none'; readonly toggle: () => void };
}

/** The rows that are chosen, for something that is done to several at once. */
export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly set: (ids: ReadonlySet<string>) => void;
}

interface TableProps<Item> {
  /** What the table lists, for people who do not see what is around it. */
  readonly caption: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  /** What a row is called: for the checkbox that chooses it. */
  readonly nameOf?: (item: Item) => string;
  readonly selection?: Selection;
}

/** A table. On a phone, each row is a card in which each value has the title of its column. */
export function Table<Item>({ caption, columns, items, keyOf, nameOf, selection }: TableProps<Item>) {
  return (
    <table class="table">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {selection !== undefined && (
            <td class="choose">
              <ChooseAll ids={items.map(keyOf)} selection={selection} />
            </td>
          )}
          {columns.map(({ title, sort }) => (
            <th key={title} scope="col" aria-sort={sort?.direction}>
              {sort === undefined ? (
                title
              ) : (
                <button type="button" class="sort" onClick={sort.toggle}>
                  {title} <span aria-hidden="true">{ARROWS[sort.direction]}</span>
                </button>
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={keyOf(item)}>
            {selection !== undefined && (
              <td class="choose">
                <Choose id={keyOf(item)} name={nameOf?.(item) ?? keyOf(item)} selection={selection} />
              </td>
            )}
            {columns.map(({ title, cell }) => (
              <td key={title} data-title={title}>
                {cell(item)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const ARROWS = { ascending: '↑', descending: '↓', none: '↕' };

function Choose({ id, name, selection: { ids, set } }: { id: string; name: string; selection: Selection }) {
  const toggle = (isChosen: boolean) =>
    set(isChosen ? new Set([...ids, id]) : new Set([...ids].filter((one) => one !== id)));
  return <Checkbox name="" label={own.choose(name)} checked={ids.has(id)} isLabelHidden onChange={toggle} />;
}

function ChooseAll({ ids: all, selection: { ids, set } }: { ids: readonly string[]; selection: Selection }) {
  const isAll = all.length > 0 && all.every((id) => ids.has(id));
  return (
    <Checkbox
      name=""
      label={own.chooseAll}
      checked={isAll}
      isLabelHidden
      onChange={(isChosen) => set(new Set(isChosen ? all : []))}
    />
  );
}

interface ListedProps<Item> {
  readonly list: List<Item>;
  readonly empty?: string;
  readonly children: (items: readonly Item[]) => ComponentChildren;
}

/** One page of a long list, with the ways to its neighbours, and how it stands while it is loaded. */
export function Listed<Item>({ list: { page, next, previous }, empty, children }: ListedProps<Item>) {
  const { data, error, isLoading, reload } = page;
  if (data === undefined) return error === undefined ? <Loading /> : <Failed error={error} retry={reload} />;
  return (
    <>
      <Stale resource={page} />
      <div class="listed" aria-busy={isLoading}>
        {data.items.length === 0 ? <Empty>{empty}</Empty> : children(data.items)}
      </div>
      {(next ?? previous) !== undefined && (
        <nav class="pager" aria-label={own.pages}>
          <button type="button" class="button" disabled={previous === undefined} onClick={previous}>
            {own.previous}
          </button>
          <button type="button" class="button" disabled={next === undefined} onClick={next}>
            {own.next}
          </button>
        </nav>
      )}
    </>
  );
}
