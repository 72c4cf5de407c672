import type { PartialInputHTMLAttributes } from 'preact';
import { useId, useState } from 'preact/hooks';
import { texts } from '../texts.ts';
import { describedBy, FieldFrame } from './field-frame.tsx';
import { useForm } from './form.tsx';

interface FieldProps {
  /** The member of the request's body: errors are found by it. */
  readonly name: string;
  readonly label: string;
  /** A token of the HTML standard, which password managers read. */
  readonly autocomplete:
    | 'username'
    | 'username webauthn'
    | 'email'
    | 'name'
    | 'current-password'
    | 'new-password'
    | 'one-time-code'
    | 'off';
  readonly type?: 'text' | 'email' | 'password' | 'search' | 'datetime-local';
  readonly hint?: string | undefined;
  readonly value?: string | undefined;
  readonly minLength?: number | undefined;
  readonly inputMode?: 'numeric';
  readonly optional?: boolean;
  readonly maxLength?: number;
  /** Called with what is typed. */
  readonly onInput?: (value: string) => void;
}

/** A labelled input with its hint and its error. A password can be shown. */
export function Field(props: FieldProps) {
  const { name, label, autocomplete, type = 'text', hint, value, minLength, inputMode, onInput } = props;
  const id = useId();
  const { errors } = useForm();
  const [isShown, setShown] = useState(false);
  const error = errors.fields[name];
  const isPassword = type === 'password';
  const inputType = isPassword && isShown ? 'text' : type;
  const attributes = {
    id,
    name,
    autocomplete,
    defaultValue: value,
    required: !props.optional,
    minLength,
    inputMode,
    maxLength: props.maxLength,
    onInput: onInput && ((event: InputEvent) => onInput(textIn(event))),
    // Addresses, names and codes are no words.
    spellcheck: false,
    autocapitalize: name === 'name' ? 'words' : 'none',
    dir: name === 'name' ? 'auto' : undefined,
    'aria-invalid': error !== undefined,
    'aria-describedby': describedBy({ id, hint, error }),
  } as const;
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error}>
      <div class="input">
        <Input type={inputType} attributes={attributes} />
        {isPassword && (
          <button
            type="button"
            class="reveal"
            aria-label={texts.fields.showPassword}
            aria-pressed={isShown}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? texts.fields.hide : texts.fields.show}
          </button>
        )}
      </div>
    </FieldFrame>
  );
}

function textIn({ target }: Event): string {
  return target instanceof HTMLInputElement ? target.value : '';
}

type InputAttributes = Omit<PartialInputHTMLAttributes<HTMLInputElement>, 'list' | 'role' | 'type'>;

/** One element for all types: Preact's types know the attributes of each type by itself. */
function Input({ type, attributes }: { readonly type: string; readonly attributes: InputAttributes }) {
  if (type === 'password') return <input {...attributes} type="password" />;
  if (type === 'search') return <input {...attributes} type="search" />;
  if (type === 'datetime-local') return <input {...attributes} type="datetime-local" />;
  return type === 'email' ? <input {...attributes} type="email" /> : <input {...attributes} type="text" />;
}

/** The field of a new password, with the length that the service asks for. */
export function NewPasswordField({ name, minLength }: { name: string; minLength: number | undefined }) {
  const hint = minLength === undefined ? undefined : texts.fields.passwordHint(minLength);
  const label = name === 'newPassword' ? texts.fields.newPassword : texts.fields.password;
  return (
    <Field
      name={name}
      label={label}
      type="password"
      autocomplete="new-password"
      hint={hint}
      minLength={minLength}
    />
  );
}
