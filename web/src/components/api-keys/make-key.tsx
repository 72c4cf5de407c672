import { isProblem } from '@latchkey/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { apiKeyTexts as own } from '../../texts/api-keys.ts';
import { texts } from '../../texts.ts';
import { Select } from '../choice.tsx';
import { Field } from '../field.tsx';
import { Form, type Values } from '../form.tsx';
import { Notice } from '../notice.tsx';
import { OperationPicker } from './operation-picker.tsx';
import type { ApiKey, KeyChoices, KeyOwner, NewApiKey, WantedKey } from './owner.ts';

const DAY_MS = 86_400_000;
/** What the service gives a key without an expiry. */
const DEFAULT_DAYS = '90';
/** The days after which a key can expire; the last one is a year, and the most. */
const DAYS = ['7', '30', DEFAULT_DAYS, '180', '365'];
const OTHER = 'other';

interface MakeKeyProps {
  readonly owner: KeyOwner;
  readonly choices: KeyChoices;
  /** A key that the new one is like: it begins with the same choices. */
  readonly like: ApiKey | undefined;
  readonly made: (key: NewApiKey) => void;
  /** Called when it is not known whether the key was made. */
  readonly failed: () => void;
  readonly leave: () => void;
}

/** The form of a new key. It begins with the least: the lowest level above guest, and no operation. */
export function MakeKey({
  owner,
  choices: { levels, hint, adminAccess, operations },
  like,
  made,
  failed,
  leave,
}: MakeKeyProps) {
  const [access, setAccess] = useState(like?.access);
  const [scope, setScope] = useState(isOpen(like) ? 'all' : 'chosen');
  const [lifetime, setLifetime] = useState(DEFAULT_DAYS);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(like?.operations));
  const [isMissing, setMissing] = useState(false);
  const part = useRef<HTMLDivElement>(null);
  useEffect(() => part.current?.querySelector('input')?.focus(), []);
  // One's own level may have changed since: then the choice is one that still stands.
  const level = levels.find((one) => one.access === access) ?? levels[1] ?? levels[0];
  if (level === undefined) return <Notice tone="warning">{own.noLevel}</Notice>;
  const open = operations.filter(({ minimum }) => (minimum ?? 0) <= level.access);
  const isAdmin = level.access >= adminAccess;

  const send = async (values: Values) => {
    const names = open.flatMap(({ operationId }) => (chosen.has(operationId) ? operationId : []));
    setMissing(scope === 'chosen' && names.length === 0);
    if (scope === 'chosen' && names.length === 0) {
      part.current?.querySelector<HTMLElement>('input[type=search]')?.focus();
      return {};
    }
    const wanted = {
      name: values.name ?? '',
      access: level.access,
      ...(scope === 'chosen' ? { operations: names } : isAdmin && { operations: ['*'] }),
      ...expiryOf(values),
    };
    const result = await owner.make(wanted).catch((error: unknown) => ({ error }));
    if ('data' in result && result.data !== undefined) made(result.data);
    else if (!isProblem(result.error)) failed();
    return result;
  };

  return (
    <div ref={part} class="make-key">
      <h2>{own.makeTitle}</h2>
      {like !== undefined && <p>{own.repeatHint}</p>}
      <Form submit={own.submit} send={send}>
        <Field
          name="name"
          label={own.name}
          autocomplete="off"
          value={like?.name}
          maxLength={50}
          hint={own.nameHint}
        />
        <Select
          name="access"
          label={own.access}
          hint={hint}
          options={levels.map((one) => [String(one.access), one.accessName])}
          value={String(level.access)}
          onChange={(value) => setAccess(Number(value))}
        />
        <Select
          name="operations"
          label={own.operations}
          options={[
            ['chosen', own.scopeChosen],
            ['all', isAdmin ? own.scopeAdmin : own.scopeAll],
          ]}
          value={scope}
          onChange={setScope}
        />
        {scope === 'chosen' ? (
          <OperationPicker
            operations={open}
            chosen={chosen}
            change={(names) => {
              setChosen(names);
              setMissing(false);
            }}
            isMissing={isMissing}
            mayStandForSignIn={owner.kind === 'service'}
          />
        ) : (
          isAdmin && (
            <Notice tone="warning">
              {owner.kind === 'service' ? own.allWarningService : own.allWarning}
            </Notice>
          )
        )}
        <Select
          name="lifetime"
          label={own.expiresAt}
          options={[
            ...DAYS.map((days): [string, string] => [days, own.inDays(Number(days))]),
            [OTHER, own.inOther],
          ]}
          value={lifetime}
          onChange={setLifetime}
        />
        {lifetime === OTHER && (
          <Field
            name="expiresAt"
            label={own.otherTime}
            type="datetime-local"
            autocomplete="off"
            hint={own.otherTimeHint}
          />
        )}
      </Form>
      <p class="links">
        <button type="button" class="link" onClick={leave}>
          {texts.account.cancel}
        </button>
      </p>
    </div>
  );
}

/** Tells whether a key may call all operations. */
function isOpen(key: ApiKey | undefined): boolean {
  return key !== undefined && (key.operations === null || key.operations.includes('*'));
}

/** Reads when the key expires. The default is the service's own. */
function expiryOf({ lifetime = DEFAULT_DAYS, expiresAt }: Values): Pick<WantedKey, 'expiresAt'> {
  if (lifetime === DEFAULT_DAYS) return {};
  const time = expiresAt === undefined ? Date.now() + Number(lifetime) * DAY_MS : Date.parse(expiresAt);
  return { expiresAt: new Date(time).toISOString() };
}
