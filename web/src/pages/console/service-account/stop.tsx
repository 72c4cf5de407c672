import { isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { Dialog } from '../../../components/dialog.tsx';
import { Form } from '../../../components/form.tsx';
import { Part } from '../../../components/part.tsx';
import { isOvertaken } from '../../../lib/overtaken.ts';
import { navigate } from '../../../router.tsx';
import { api } from '../../../session.ts';
import { serviceAccountTexts as own } from '../../../texts/console/service-account.ts';
import { type Account, changeAccount } from './account.ts';

interface StopProps {
  readonly account: Account;
  readonly keyCount: number;
  readonly changed: (text: string) => void;
  /** Called when somebody else has changed the account meanwhile. */
  readonly overtaken: () => void;
}

/** The ways to stop an account: for a time, and for good. */
export function Stop({ account, keyCount, changed, overtaken }: StopProps) {
  const [open, setOpen] = useState<'disable' | 'delete'>();
  const close = () => setOpen(undefined);
  const setDisabled = async (disabled: boolean) => {
    const result = await changeAccount(account, { disabled });
    const wasOvertaken = isOvertaken(result.error, account.etag);
    if (result.error !== undefined && !wasOvertaken) return result;
    close();
    if (wasOvertaken) overtaken();
    else changed(disabled ? own.disabledNow : own.enabledNow);
    return {};
  };
  const remove = async () => {
    const { id } = account;
    const result = await api.DELETE('/service-accounts/{id}', { params: { path: { id } } });
    const isGone = result.error === undefined || isProblem(result.error, 'service-account-not-found');
    if (!isGone) return result;
    navigate('serviceAccounts', { notice: 'serviceAccountDeleted', replace: true });
    return {};
  };
  const name = <bdi class="value">{account.name}</bdi>;
  return (
    <Part title={own.disableOrDelete}>
      <p>{account.disabled ? own.enableExplain : own.stop}</p>
      <div class="actions">
        {account.disabled ? (
          <Form submit={own.enable} tone="plain" send={() => setDisabled(false)} />
        ) : (
          <button type="button" class="button" onClick={() => setOpen('disable')}>
            {own.disable}
          </button>
        )}
        <button type="button" class="button" onClick={() => setOpen('delete')}>
          {own.delete}
        </button>
      </div>
      {open === 'disable' && (
        <Dialog title={own.disableTitle} close={close}>
          <p>{name}</p>
          <p>{own.disableExplain}</p>
          <Form submit={own.disable} tone="danger" send={() => setDisabled(true)} />
        </Dialog>
      )}
      {open === 'delete' && (
        <Dialog title={own.deleteTitle} close={close}>
          <p>{name}</p>
          <p>{own.deleteExplain(keyCount)}</p>
          <Form submit={own.delete} tone="danger" send={remove} />
        </Dialog>
      )}
    </Part>
  );
}
