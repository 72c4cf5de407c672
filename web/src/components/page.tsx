import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type NoticeName, useLocation } from '../router.tsx';
import { texts } from '../texts.ts';
import { Notice } from './notice.tsx';

interface PageProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** What leads to the neighbours of the page. */
  readonly nav?: ComponentChildren;
  /** `card` is for one task, `wide` for one's own account, and `full` for the tables of the console. */
  readonly width?: 'card' | 'wide' | 'full';
  /** What gets the focus: the heading, or the first field where there is nothing else to do. */
  readonly focus?: 'heading' | 'field';
}

/**
 * One page: its heading, which gets the focus so that it is announced, and what the page before has said.
 * The first page of a visit leaves the focus where the browser puts it.
 */
export function Page({ title, children, nav, width = 'card', focus = 'heading' }: PageProps) {
  const { visit, notice } = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const last = useRef(title);
  useEffect(() => {
    document.title = texts.documentTitle(title);
    const field = focus === 'field' ? heading.current?.parentElement?.querySelector('input') : undefined;
    if (visit > 0 || last.current !== title || field) (field ?? heading.current)?.focus();
    last.current = title;
  }, [visit, title, focus]);
  return (
    <>
      {nav}
      <main id="content" class={width}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {/* The frame announces it: a live region that appears with its text is not always read. */}
        {notice !== undefined && <Notice tone={toneOf(notice)}>{texts.notices[notice]}</Notice>}
        {children}
      </main>
    </>
  );
}

/** The notices that tell of something that the reader did not want. */
const unwanted: ReadonlySet<NoticeName> = new Set([
  'sessionEnded',
  'signedOutHereOnly',
  'challengeInvalid',
  'codeInvalid',
]);

function toneOf(notice: NoticeName): 'success' | 'warning' {
  return unwanted.has(notice) ? 'warning' : 'success';
}
