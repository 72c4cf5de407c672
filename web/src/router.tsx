import type { ComponentChildren } from 'preact';
import { takeMailToken } from './lib/mail-token.ts';
import { createStore, useStore } from './lib/store.ts';
import { hrefOf, type PageName, placeOf } from './paths.ts';
import type { texts } from './texts.ts';

/** Says something at the top of the next page: a key of `texts.notices`. */
export type NoticeName = keyof typeof texts.notices;

/** What is shown: a page, the query behind its path, and what the page before says to it. */
export interface Location {
  /** Undefined when there is no page at the path. */
  readonly page: PageName | undefined;
  /** The id of the thing that the page shows, where its path has one. */
  readonly id: string | undefined;
  readonly search: string;
  readonly notice: NoticeName | undefined;
  /** The address to fill in: of a person who just made an account or asked for a mail. */
  readonly email: string | undefined;
  /** Another number after each change of the page, for the focus. */
  readonly visit: number;
}

interface Target {
  readonly id?: string | undefined;
  readonly search?: string;
  readonly notice?: NoticeName;
  readonly email?: string;
  /** True when the way back must not lead to the page that is left. */
  readonly replace?: boolean;
}

const base = new URL(document.baseURI).pathname;
const shown = createStore(read(0));

addEventListener('popstate', () => {
  // A link of a mail that is opened in place of this page changes nothing but the fragment.
  takeMailToken();
  shown.set(read(shown.get().visit + 1));
});

/** Shows a page. */
export function navigate(
  page: PageName,
  { id, search = '', notice, email, replace = false }: Target = {},
): void {
  const url = new URL(hrefOf({ page, id }) + search, document.baseURI);
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  shown.set({ page, id, search, notice, email, visit: shown.get().visit + 1 });
  scrollTo(0, 0);
}

/** Tells whether a visit is still the one that is shown. */
export const isShown = (visit: number): boolean => shown.get().visit === visit;

export const useLocation = (): Location => useStore(shown);

/** Writes another query into the address of the page that is shown, which stays: its filters, for a link. */
export function replaceSearch(search: string): void {
  history.replaceState(null, '', location.pathname + search);
  shown.set({ ...shown.get(), search });
}

interface LinkProps extends Target {
  readonly to: PageName;
  readonly class?: string;
  /** True for the page that is shown, in a list of pages. */
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A link to another page. With a modifier key, or in another tab, it is a link as any other. */
export function Link({ to, children, class: className, current, ...target }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to, target);
  };
  return (
    <a
      href={hrefOf({ page: to, id: target.id }) + (target.search ?? '')}
      class={className}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}

function read(visit: number): Location {
  const { pathname, search } = location;
  const below = pathname.startsWith(base) ? pathname.slice(base.length) : '';
  const { page, id } = placeOf(below) ?? {};
  return { page, id, search, notice: undefined, email: undefined, visit };
}
