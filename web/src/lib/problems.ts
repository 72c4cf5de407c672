import { isProblem, PasskeyError, type Problem, type ProblemSlug } from '@latchkey/client';
import { texts } from '../texts.ts';

/** The errors of a form: beside its fields, and of the whole. */
export interface FormErrors {
  /** Texts by the name of the field. */
  readonly fields: Readonly<Record<string, string>>;
  readonly form: string | undefined;
  /** Seconds until the form may be sent again; undefined when it may be sent at once. */
  readonly waitSeconds?: number | undefined;
}

/** The field that a problem is about, where it is about one. */
export type ProblemFields = Partial<Record<ProblemSlug, string>>;

const invalid: Readonly<Record<string, unknown>> = texts.invalid;
const problems: Readonly<Record<string, string>> = texts.problems;

/** Writes what a person reads about an error: of the service, of the browser, or what `fetch` has thrown. */
export function describeError(error: unknown): string {
  if (error instanceof PasskeyError) return texts.passkeys.errors[error.reason];
  if (!isProblem(error)) return texts.states.unreachable;
  return problems[error.slug] ?? error.detail;
}

/**
 * Turns an error into those of a form.
 *
 * @param names the fields of the form: what is wrong elsewhere is an error of the whole
 * @param response the answer with the problem, whose Retry-After says how long to wait
 */
export function toFormErrors(
  error: unknown,
  names: readonly string[],
  problemFields: ProblemFields = {},
  response?: Response,
): FormErrors {
  if (!isProblem(error)) return { fields: {}, form: describeError(error) };
  if (error.status === 429) {
    const seconds = Number(response?.headers.get('retry-after'));
    if (seconds > 0) return { fields: {}, form: undefined, waitSeconds: seconds };
  }
  const field = problemFields[error.slug];
  if (field !== undefined && names.includes(field))
    return { fields: { [field]: describeError(error) }, form: undefined };
  return isProblem(error, 'validation-failed')
    ? ofParts(error, names)
    : { fields: {}, form: describeError(error) };
}

function ofParts(
  { errors, detail }: Extract<Problem, { slug: 'validation-failed' }>,
  names: readonly string[],
): FormErrors {
  const fields: Record<string, string> = {};
  let form: string | undefined;
  for (const { pointer, code, message } of errors) {
    const name = pointer.slice(1);
    const known = invalid[code];
    if (!names.includes(name)) form ??= `${detail} ${pointer} ${message}`;
    else fields[name] ??= typeof known === 'string' ? known : message;
  }
  return { fields, form: Object.keys(fields).length > 0 ? undefined : form };
}
