import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { texts } from '../texts.ts';

interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Called when the reader leaves it: by its button or by Escape. */
  readonly close: () => void;
  readonly leave?: string;
}

/** A question over the page: whether to do what cannot be undone. The focus goes back to where it was. */
export function Dialog({ title, children, close, leave = texts.account.cancel }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // The cleanup of a plain effect runs when the dialog is gone, and then the focus goes nowhere.
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      // It has left the document by now, so that the browser does not give the focus back by itself.
      element?.close();
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
    };
  }, []);
  const onCancel = (event: Event) => {
    event.preventDefault();
    close();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={id} onCancel={onCancel}>
      <h2 id={id}>{title}</h2>
      {children}
      <button type="button" class="button" onClick={() => close()}>
        {leave}
      </button>
    </dialog>
  );
}
