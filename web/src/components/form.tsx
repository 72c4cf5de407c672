import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { describeDuration, useCountdown } from '../lib/countdown.ts';
import { type FormErrors, type ProblemFields, toFormErrors } from '../lib/problems.ts';
import { newRequestKey } from '../lib/request-key.ts';
import { texts } from '../texts.ts';
import { Notice } from './notice.tsx';

/** The values of a form, by the names of its fields. */
export type Values = Readonly<Record<string, string>>;

/** The answer to a sent form: what `api.POST` resolves with. */
interface Answer {
  readonly error?: unknown;
  readonly response?: Response;
}

interface FormProps {
  /**
   * Sends the values. After a success it shows the next page; otherwise the form shows the `error`.
   *
   * @param key for `Idempotency-Key`: the same until the values change, so that a repetition does one thing
   */
  readonly send: (values: Values, key: string) => Promise<Answer>;
  readonly submit: string;
  readonly children?: ComponentChildren;
  /** The fields that problems are about: `{ 'email-taken': 'email' }`. */
  readonly problemFields?: ProblemFields;
  /** How the button looks. */
  readonly tone?: 'primary' | 'plain' | 'danger';
  /** What the button is called where several look the same; it begins with `submit`. */
  readonly label?: string;
}

interface FormState {
  readonly errors: FormErrors;
  readonly isPending: boolean;
}

const NO_ERRORS: FormErrors = { fields: {}, form: undefined };
const FormContext = createContext<FormState>({ errors: NO_ERRORS, isPending: false });

/** The state of the form around a field. */
export const useForm = (): FormState => useContext(FormContext);

/**
 * A form: it checks its fields, sends them once at a time, and shows what is wrong beside each field. The
 * first wrong field gets the focus.
 */
export function Form({ send, submit, children, problemFields, tone = 'primary', label }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const sent = useRef({ values: '', key: '' });
  const [errors, setErrors] = useState(NO_ERRORS);
  const [isPending, setPending] = useState(false);
  const [until, setUntil] = useState<number>();
  const left = useCountdown(until);
  // The state above is that of the last rendering, and two clicks may come between two renderings.
  const isBusy = useRef(false);
  const isGone = useRef(false);
  useEffect(
    () => () => {
      isGone.current = true;
    },
    [],
  );

  useEffect(() => {
    const [first] = Object.keys(errors.fields);
    if (first !== undefined)
      fieldsOf(form.current)
        .find(({ name }) => name === first)
        ?.focus();
  }, [errors]);

  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (isBusy.current || left > 0) return;
    const fields = fieldsOf(form.current);
    const missing = checkFields(fields);
    setErrors(missing);
    if (Object.keys(missing.fields).length > 0) return;
    const values = Object.fromEntries(fields.map((field) => [field.name, readValue(field)]));
    const text = JSON.stringify(values);
    if (sent.current.values !== text) sent.current = { values: text, key: newRequestKey() };
    isBusy.current = true;
    setPending(true);
    const answer: Answer = await send(values, sent.current.key).catch((error: unknown) => ({ error }));
    isBusy.current = false;
    if (isGone.current) return;
    setPending(false);
    if (answer.error === undefined) return;
    const names = fields.map(({ name }) => name);
    const found = toFormErrors(answer.error, names, problemFields, answer.response);
    if (found.waitSeconds !== undefined) setUntil(Date.now() + found.waitSeconds * 1_000);
    setErrors(found);
  };

  const count = Object.keys(errors.fields).length;
  return (
    <FormContext.Provider value={{ errors, isPending }}>
      {/* The errors are our own texts, beside the fields: those of the browser are not always announced. */}
      <form ref={form} noValidate class="form" onSubmit={onSubmit} aria-busy={isPending}>
        {/* It changes each second, and is announced once, below. */}
        {left > 0 && <Notice tone="warning">{texts.states.wait(describeDuration(left))}</Notice>}
        <div role="alert">
          {left > 0 && errors.waitSeconds !== undefined && (
            <p class="visually-hidden">{texts.states.wait(describeDuration(errors.waitSeconds))}</p>
          )}
          {errors.form !== undefined && <Notice tone="error">{errors.form}</Notice>}
          {count > 0 && <p class="visually-hidden">{texts.invalid.summary(count)}</p>}
        </div>
        {children}
        <button
          type="submit"
          class={`button ${tone}`}
          aria-label={label}
          disabled={left > 0}
          aria-disabled={isPending}
        >
          {submit}
          {isPending && <span class="spinner" aria-hidden="true" />}
        </button>
      </form>
    </FormContext.Provider>
  );
}

type Control = HTMLInputElement | HTMLSelectElement;

function fieldsOf(form: HTMLFormElement | null): Control[] {
  return Array.from(form?.querySelectorAll<Control>('input, select') ?? []).filter(({ name }) => name !== '');
}

/** A checkbox that is not checked is the empty text. */
function readValue(field: Control): string {
  return field instanceof HTMLInputElement && field.type === 'checkbox' && !field.checked ? '' : field.value;
}

/** Checks what the fields say of themselves: `required`, `type` and `minLength`. */
function checkFields(fields: readonly Control[]): FormErrors {
  const found: Record<string, string> = {};
  for (const field of fields) {
    const { name, value, validity } = field;
    const minLength = field instanceof HTMLInputElement ? field.minLength : 0;
    if (validity.valueMissing) found[name] = texts.invalid.required;
    // A time of which only a part was typed has no value.
    else if (validity.badInput) found[name] = texts.invalid.format;
    else if (validity.typeMismatch) found[name] = texts.invalid.email;
    // The browser checks the length only of what was typed, and counts UTF-16 units.
    else if (minLength > 0 && [...value].length < minLength) found[name] = texts.invalid.tooShort(minLength);
  }
  return { fields: found, form: undefined };
}
