import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Levels } from './levels.ts';
import type { Rights, Shown } from './person.ts';

/** What each part of the page gets. */
export interface PartProps {
  readonly shown: Shown;
  readonly rights: Rights;
  readonly levels: Levels;
  /** Counts what was done on this page, for what has to be loaded again. */
  readonly changes: number;
  /** Says what was done, and loads the user again. */
  readonly done: (text?: string) => void;
}

interface OpensProps {
  readonly label: string;
  /** What the button is called where several look the same; it begins with `label`. */
  readonly name?: string;
  readonly tone?: 'plain' | 'danger' | 'link';
  readonly done: PartProps['done'];
  /** The dialog. `end` closes it. @param text of `end`: what was done, where something was */
  readonly children: (end: (text?: string) => void) => ComponentChildren;
}

/** A button that opens a dialog. */
export function Opens({ label, name, tone = 'plain', done, children }: OpensProps) {
  const [isOpen, setOpen] = useState(false);
  const end = (text?: string) => {
    setOpen(false);
    done(text);
  };
  return (
    <>
      <button
        type="button"
        class={tone === 'link' ? 'link' : `button ${tone}`}
        aria-label={name}
        onClick={() => setOpen(true)}
      >
        {label}
      </button>
      {isOpen && children(end)}
    </>
  );
}
