import { useId, useState } from 'preact/hooks';
import { hasText, type Operation, toWords } from '../../lib/operations.ts';
import { apiKeyTexts as own } from '../../texts/api-keys.ts';

interface OperationPickerProps {
  readonly operations: readonly Operation[];
  readonly chosen: ReadonlySet<string>;
  readonly change: (chosen: ReadonlySet<string>) => void;
  /** True where one has to be chosen, and none is. */
  readonly isMissing: boolean;
  /** True where a key can stand for the recent sign-in that an operation asks for. */
  readonly mayStandForSignIn: boolean;
}

/** Operations in words, to choose some of them. */
export function OperationPicker({
  operations,
  chosen,
  change,
  isMissing,
  mayStandForSignIn,
}: OperationPickerProps) {
  const id = useId();
  const [filter, setFilter] = useState('');
  const shown = operations.filter((operation) => hasText(operation, filter));
  const count = operations.filter(({ operationId }) => chosen.has(operationId)).length;
  const toggle = (operationId: string, isChosen: boolean) =>
    change(new Set([...chosen].filter((one) => one !== operationId).concat(isChosen ? operationId : [])));
  const reading = operations.flatMap(({ method, operationId }) => (method === 'GET' ? operationId : []));
  // Enter in the filter would send the form.
  const keep = (event: KeyboardEvent) => {
    if (event.key === 'Enter') event.preventDefault();
  };
  return (
    <fieldset
      class={isMissing ? 'picker wrong' : 'picker'}
      aria-describedby={isMissing ? `${id}-error` : undefined}
    >
      <legend class="visually-hidden">{own.operations}</legend>
      <div class="field">
        <label for={id}>{own.filter}</label>
        <input
          id={id}
          type="search"
          autocomplete="off"
          spellcheck={false}
          onKeyDown={keep}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
      </div>
      <p class="picked">
        <span role="status">{own.chosen(count, operations.length)}</span>{' '}
        <button type="button" class="link" onClick={() => change(new Set([...chosen, ...reading]))}>
          {own.chooseReading}
        </button>
        {count > 0 && (
          <button type="button" class="link" onClick={() => change(new Set())}>
            {own.chooseNone}
          </button>
        )}
      </p>
      {isMissing && (
        <p class="error" id={`${id}-error`}>
          {own.chooseOne}
        </p>
      )}
      <ul class="choices">
        {shown.map((operation) => (
          <li key={operation.operationId}>
            <label class="choice">
              <input
                type="checkbox"
                checked={chosen.has(operation.operationId)}
                onChange={({ currentTarget }) => toggle(operation.operationId, currentTarget.checked)}
              />
              <span>
                {toWords(operation.operationId)}{' '}
                <code>
                  {operation.method} {operation.path}
                </code>{' '}
                {mayStandForSignIn && operation.stepUp && (
                  <span class="badge warning">{own.standsForSignIn}</span>
                )}
              </span>
            </label>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p class="muted">{own.noMatch}</p>}
      {mayStandForSignIn && <p class="hint">{own.standsExplain}</p>}
    </fieldset>
  );
}
