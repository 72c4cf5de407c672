import { useState } from 'preact/hooks';

interface CopyButtonProps {
  readonly text: () => string;
  readonly copy: string;
  readonly copied: string;
  readonly look: 'button' | 'link';
  /** What the button is called where several look the same; it begins with `copy`. */
  readonly label?: string;
}

/** Copies a text, and says so. Pages that came over plain http have no clipboard, and no button. */
export function CopyButton({ text, copy, copied, look, label }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);
  const write = () =>
    navigator.clipboard.writeText(text()).then(
      () => setCopied(true),
      () => {},
    );
  return (
    <>
      {navigator.clipboard !== undefined && (
        <button type="button" class={look} aria-label={label} onClick={write}>
          {copy}
        </button>
      )}{' '}
      <span role="status">{isCopied && copied}</span>
    </>
  );
}
