import { useEffect, useRef, useState } from 'preact/hooks';
import { Select } from '../../../components/choice.tsx';
import { Field } from '../../../components/field.tsx';
import { Form, type Values } from '../../../components/form.tsx';
import { Notice } from '../../../components/notice.tsx';
import { Part } from '../../../components/part.tsx';
import { ReasonField } from '../../../components/reason-field.tsx';
import { type Level, levelName, toAccess } from '../../../lib/levels.ts';
import { isOvertaken } from '../../../lib/overtaken.ts';
import { serviceAccountTexts as own } from '../../../texts/console/service-account.ts';
import { serviceAccountsTexts } from '../../../texts/console/service-accounts.ts';
import { type Account, changeAccount, loadAccount } from './account.ts';

interface ChangeProps {
  readonly account: Account;
  readonly levels: readonly Level[];
  readonly changed: (text: string) => void;
  readonly reload: () => void;
}

interface Wanted {
  readonly name: string;
  readonly access: number;
  readonly reason: string;
}

/** What the form shows: the account as it was read, what is wanted of it, and what others have changed. */
interface Shown {
  readonly account: Account;
  readonly wanted: Wanted;
  readonly conflicts: readonly string[];
}

const asItIs = (account: Account): Shown => ({ account, wanted: { ...account, reason: '' }, conflicts: [] });

/**
 * The form of the name and the level. Only what differs is sent. Where somebody else was faster, it shows
 * what changed beside what was wanted, and sends nothing until it is asked to again.
 */
export function Change({ account, levels, changed, reload }: ChangeProps) {
  const [shown, setShown] = useState(() => asItIs(account));
  const notice = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (shown.account.etag !== account.etag) setShown(asItIs(account));
  }, [account.etag]);
  useEffect(() => {
    if (shown.conflicts.length > 0) notice.current?.focus();
  }, [shown]);

  const send = async ({ name = '', access = '', reason = '' }: Values) => {
    const wanted = { name, access: Number(access), reason };
    const before = shown.account;
    const level = toAccess(access);
    const difference = {
      ...(wanted.name !== before.name && { name }),
      ...(level !== undefined && level !== before.access && { access: level }),
    };
    if (Object.keys(difference).length === 0) {
      changed(own.same);
      return {};
    }
    const result = await changeAccount(before, { ...difference, ...(reason !== '' && { reason }) });
    if (result.error === undefined) {
      changed(own.saved);
      return result;
    }
    if (!isOvertaken(result.error, before.etag)) return result;
    const { data, error } = await loadAccount(before.id);
    if (data === undefined) return { error };
    if (data.account !== undefined) setShown(merge(before, data.account, wanted, levels));
    reload();
    return {};
  };

  return (
    <Part title={own.change}>
      <div ref={notice} role="alert" tabIndex={-1}>
        {shown.conflicts.length > 0 && (
          <Notice tone="warning">
            <p>{own.conflict}</p>
            <ul>
              {shown.conflicts.map((line) => (
                <li key={line}>
                  <bdi>{line}</bdi>
                </li>
              ))}
            </ul>
            <p>{own.conflictNext}</p>
          </Notice>
        )}
      </div>
      <Form key={shown.account.etag} submit={own.save} send={send}>
        <Field name="name" label={serviceAccountsTexts.name} autocomplete="off" value={shown.wanted.name} />
        <Select
          name="access"
          label={own.level}
          hint={own.levelHint}
          options={levels.map(({ access, accessName }) => [String(access), accessName])}
          value={String(shown.wanted.access)}
        />
        <ReasonField value={shown.wanted.reason} />
      </Form>
    </Part>
  );
}

/** Keeps what the reader has changed, and takes over what others have. */
function merge(before: Account, now: Account, wanted: Wanted, levels: readonly Level[]): Shown {
  const stateOf = ({ disabled }: Account) =>
    disabled ? serviceAccountsTexts.disabled : serviceAccountsTexts.enabled;
  const conflicts = [
    before.name !== now.name && own.conflictLine(own.name, before.name, now.name, wanted.name),
    before.access !== now.access &&
      own.conflictLine(own.level, before.accessName, now.accessName, levelName(wanted.access, levels)),
    before.disabled !== now.disabled &&
      own.conflictLine(own.state, stateOf(before), stateOf(now), stateOf(before)),
  ].filter((line) => line !== false);
  return {
    account: now,
    wanted: {
      name: wanted.name === before.name ? now.name : wanted.name,
      access: wanted.access === before.access ? now.access : wanted.access,
      reason: wanted.reason,
    },
    conflicts: conflicts.length === 0 ? [own.conflictOther] : conflicts,
  };
}
