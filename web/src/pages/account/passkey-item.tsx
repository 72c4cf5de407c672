import type { components } from '@latchkey/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Field } from '../../components/field.tsx';
import { Form } from '../../components/form.tsx';
import { Time } from '../../components/time.tsx';
import { api } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.passkeys.account;

interface PasskeyItemProps {
  readonly passkey: components['schemas']['Passkey'];
  readonly renamed: () => void;
  readonly removed: () => void;
}

/** One passkey, with what can be done with it. */
export function PasskeyItem({ passkey, renamed, removed }: PasskeyItemProps) {
  const { id, name, synced, createdAt, lastUsedAt } = passkey;
  const [open, setOpen] = useState<'rename' | 'remove'>();
  const [last, setLast] = useState<'rename' | 'remove'>();
  const item = useRef<HTMLLIElement>(null);
  // The focus goes into the form that opens, and back to its button.
  useEffect(() => {
    if (open !== undefined) item.current?.querySelector<HTMLElement>('form input, form button')?.focus();
    else if (last !== undefined) item.current?.querySelector<HTMLElement>(`[data-for=${last}]`)?.focus();
    setLast(open);
  }, [open]);
  const params = { path: { id } };
  const close = () => setOpen(undefined);

  return (
    <li ref={item} class="item">
      <p class="item-name">
        <bdi>{name}</bdi>{' '}
        <span class="badge" title={synced ? own.syncedHint : undefined}>
          {synced ? own.synced : own.notSynced}
        </span>
      </p>
      <p class="muted">
        {own.lastUsed}: {lastUsedAt === null ? own.never : <Time at={lastUsedAt} />}
        {' · '}
        {own.created}: <Time at={createdAt} precision="day" />
      </p>
      {open === undefined && (
        <div class="actions">
          <button
            type="button"
            class="button"
            data-for="rename"
            aria-label={own.renameOf(name)}
            onClick={() => setOpen('rename')}
          >
            {own.rename}
          </button>
          <button
            type="button"
            class="button"
            data-for="remove"
            aria-label={own.removeOf(name)}
            onClick={() => setOpen('remove')}
          >
            {own.remove}
          </button>
        </div>
      )}
      {open === 'rename' && (
        <Form
          submit={own.save}
          send={async ({ name = '' }) => {
            const result = await api.PATCH('/me/passkeys/{id}', { params, body: { name } });
            if (result.error !== undefined) return result;
            close();
            renamed();
            return result;
          }}
        >
          <Field name="name" label={own.name} autocomplete="off" value={name} />
        </Form>
      )}
      {open === 'remove' && (
        <>
          <p>{own.removeExplain}</p>
          <Form
            submit={own.removeSubmit}
            tone="danger"
            send={async () => {
              const result = await api.DELETE('/me/passkeys/{id}', { params });
              if (result.error === undefined) removed();
              return result;
            }}
          />
        </>
      )}
      {open !== undefined && (
        <button type="button" class="link" onClick={close}>
          {own.cancel}
        </button>
      )}
    </li>
  );
}
