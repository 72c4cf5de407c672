import { isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { toWords } from '../../lib/operations.ts';
import { apiKeyTexts as own } from '../../texts/api-keys.ts';
import { Dialog } from '../dialog.tsx';
import { Form } from '../form.tsx';
import { Time } from '../time.tsx';
import type { ApiKey, KeyOwner } from './owner.ts';

/** Milliseconds before the expiry of a key at which it is marked: a mail says so then, too. */
const SOON_MS = 7 * 86_400_000;

interface KeyItemProps {
  readonly apiKey: ApiKey;
  readonly owner: KeyOwner;
  readonly mayEnd: boolean;
  readonly ended: () => void;
  /** Opens the form of a new key that is like this one; undefined where none can be made. */
  readonly repeat: (() => void) | undefined;
}

/** One key, and the way to take it back. */
export function KeyItem({ apiKey, owner, mayEnd, ended, repeat }: KeyItemProps) {
  const { name, accessName, operations, createdAt, expiresAt, lastUsedAt, lastUsedIp } = apiKey;
  const [isOpen, setOpen] = useState(false);
  return (
    <li class="item">
      <p class="item-name">
        <bdi>{name}</bdi> <bdi class="badge">{accessName}</bdi> <Expiry at={expiresAt} />
      </p>
      <dl class="facts">
        <dt>{own.createdAt}</dt>
        <dd>
          <Time at={createdAt} />
        </dd>
        <dt>{own.expiresAt}</dt>
        <dd>
          <Time at={expiresAt} />
        </dd>
        <dt>{own.lastUsed}</dt>
        <dd>
          {lastUsedAt === null ? own.never : <Time at={lastUsedAt} />}
          {lastUsedIp !== null && (
            <>
              {' '}
              {own.from} <bdi>{lastUsedIp}</bdi>
            </>
          )}
        </dd>
        <dt>{own.operations}</dt>
        <dd>
          <Operations names={operations} />
        </dd>
      </dl>
      {(mayEnd || repeat !== undefined) && (
        <div class="actions">
          {repeat !== undefined && (
            <button type="button" class="button" aria-label={own.repeatLabel(name)} onClick={repeat}>
              {own.repeat}
            </button>
          )}
          {mayEnd && (
            <button
              type="button"
              class="button"
              aria-label={own.endLabel(name)}
              onClick={() => setOpen(true)}
            >
              {own.end}
            </button>
          )}
        </div>
      )}
      {isOpen && <EndKey apiKey={apiKey} owner={owner} ended={ended} close={() => setOpen(false)} />}
    </li>
  );
}

function Expiry({ at }: { readonly at: string }) {
  const left = Date.parse(at) - Date.now();
  if (left > SOON_MS) return null;
  return <span class="badge warning">{left <= 0 ? own.expired : own.soon}</span>;
}

function Operations({ names }: { readonly names: readonly string[] | null }) {
  if (names === null || names.includes('*')) return <>{own.all}</>;
  return (
    <details class="key-operations">
      <summary>{own.operationCount(names.length)}</summary>
      <ul>
        {names.map((name) => (
          <li key={name}>
            {toWords(name)} <code>{name}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

interface EndKeyProps extends Omit<KeyItemProps, 'mayEnd' | 'repeat'> {
  readonly close: () => void;
}

function EndKey({ apiKey: { id, name }, owner, ended, close }: EndKeyProps) {
  const end = async () => {
    const result = await owner.end(id);
    // It may have expired, or was taken back in another tab.
    const isEnded = result.error === undefined || isProblem(result.error, 'api-key-not-found');
    if (!isEnded) return result;
    close();
    ended();
    return {};
  };
  return (
    <Dialog title={own.endTitle} close={close}>
      <p>
        <bdi class="value">{name}</bdi>
      </p>
      <p>{own.endExplain}</p>
      <Form submit={own.endSubmit} tone="danger" send={end} />
    </Dialog>
  );
}
