import { consoleTexts } from '../texts/console/console.ts';
import { Field } from './field.tsx';

/** Characters that the service takes. */
const MAX_LENGTH = 200;

/** Why something is done, for the audit. */
export function ReasonField({ label = consoleTexts.reason, value }: { label?: string; value?: string }) {
  return (
    <Field
      name="reason"
      label={label}
      hint={consoleTexts.reasonHint}
      autocomplete="off"
      maxLength={MAX_LENGTH}
      value={value}
      optional
    />
  );
}
