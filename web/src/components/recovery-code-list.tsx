import { download } from '../lib/download.ts';
import { useWarnBeforeLeaving } from '../lib/warn-before-leaving.ts';
import { serviceUrl } from '../session.ts';
import { texts } from '../texts.ts';
import { CopyButton } from './copy-button.tsx';
import { Notice } from './notice.tsx';

const own = texts.account.codes;

interface RecoveryCodeListProps {
  readonly codes: readonly string[];
  readonly done: () => void;
}

/** Shows recovery codes, for the only time: to download, print or copy. */
export function RecoveryCodeList({ codes, done }: RecoveryCodeListProps) {
  useWarnBeforeLeaving();
  const text = () => own.file(new URL(serviceUrl).host, new Date().toLocaleString(), codes);
  return (
    <>
      <Notice tone="warning">{own.shownOnce}</Notice>
      <p>{own.explain}</p>
      <ul class="codes" aria-label={own.list}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="actions">
        <button
          type="button"
          class="button"
          onClick={() => download(own.fileName, new Blob([text()], { type: 'text/plain' }))}
        >
          {own.download}
        </button>
        <button type="button" class="button" onClick={() => print()}>
          {own.print}
        </button>
        <CopyButton text={text} copy={own.copy} copied={own.copied} look="button" />
      </div>
      <button type="button" class="button primary" onClick={done}>
        {own.kept}
      </button>
    </>
  );
}
