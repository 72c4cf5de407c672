import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A further step of a dialog. It gets the focus, for the button of the step before is gone. */
export function Step({ children }: { readonly children: ComponentChildren }) {
  const step = useRef<HTMLDivElement>(null);
  // The dialog opens in an effect of its own, which comes after this one.
  useEffect(() => queueMicrotask(() => step.current?.focus({ preventScroll: true })), []);
  return (
    <div ref={step} class="step" tabIndex={-1}>
      {children}
    </div>
  );
}
