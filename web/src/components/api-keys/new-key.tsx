import { useEffect, useRef } from 'preact/hooks';
import { useWarnBeforeLeaving } from '../../lib/warn-before-leaving.ts';
import { apiKeyTexts as own } from '../../texts/api-keys.ts';
import { CopyButton } from '../copy-button.tsx';
import { Notice } from '../notice.tsx';
import type { NewApiKey } from './owner.ts';

interface NewKeyProps {
  readonly made: NewApiKey;
  /** Called when the reader has kept it. It is nowhere else. */
  readonly done: () => void;
}

/** Shows a new key, for the only time. */
export function NewKey({ made: { name, key }, done }: NewKeyProps) {
  const part = useRef<HTMLDivElement>(null);
  useEffect(() => part.current?.focus(), []);
  useWarnBeforeLeaving();
  return (
    <div ref={part} tabIndex={-1} class="new-key">
      <Notice tone="warning">{own.shownOnce}</Notice>
      <p>
        {own.newKey} <bdi class="value">{name}</bdi>
      </p>
      <p>
        <code class="secret link-text">{key}</code>
      </p>
      <p class="muted">
        {own.send} <code>{own.header}</code>
      </p>
      <div class="actions">
        <CopyButton text={() => key} copy={own.copy} copied={own.copied} look="button" />
      </div>
      <button type="button" class="button primary" onClick={done}>
        {own.kept}
      </button>
    </div>
  );
}
