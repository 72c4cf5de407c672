import { useId } from 'preact/hooks';
import { texts } from '../texts.ts';
import { describedBy, FieldFrame } from './field-frame.tsx';
import { useForm } from './form.tsx';

interface SelectProps {
  /** The member of the request's body: errors are found by it. */
  readonly name: string;
  readonly label: string;
  /** Values with their texts, in the order in which they are shown. */
  readonly options: readonly (readonly [value: string, text: string])[];
  /** Where it is none of the options, the reader has to choose. */
  readonly value?: string;
  readonly hint?: string;
  /** Called with the value that was chosen. */
  readonly onChange?: (value: string) => void;
}

/** A choice of one of some values, with its hint and its error. */
export function Select({ name, label, options, value, hint, onChange }: SelectProps) {
  const id = useId();
  const error = useForm().errors.fields[name];
  // The browser would choose the first option, which the reader did not ask for.
  const isOther = value !== undefined && options.every(([option]) => option !== value);
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error}>
      <select
        id={id}
        name={name}
        required={isOther}
        autocomplete="off"
        aria-invalid={error !== undefined}
        aria-describedby={describedBy({ id, hint, error })}
        onChange={({ currentTarget }) => onChange?.(currentTarget.value)}
      >
        {isOther && (
          <option value="" selected>
            {texts.fields.choose}
          </option>
        )}
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </FieldFrame>
  );
}

interface CheckboxProps {
  readonly name: string;
  readonly label: string;
  readonly checked?: boolean;
  /** True where the label is only for people who cannot see what the checkbox is beside. */
  readonly isLabelHidden?: boolean;
  readonly onChange?: (isChecked: boolean) => void;
}

/** A yes or no. Its value in a form is `true`, or the empty text. */
export function Checkbox({ name, label, checked = false, isLabelHidden = false, onChange }: CheckboxProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        name={name}
        value="true"
        checked={checked}
        onChange={({ currentTarget }) => onChange?.(currentTarget.checked)}
      />
      <label for={id} class={isLabelHidden ? 'visually-hidden' : undefined}>
        {label}
      </label>
    </div>
  );
}
