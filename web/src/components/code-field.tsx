import { texts } from '../texts.ts';
import { Field } from './field.tsx';
import type { Values } from './form.tsx';

/** The field of a code of the authenticator app, or of a recovery code. */
export function CodeField({ isCode }: { readonly isCode: boolean }) {
  // The keys keep the two apart: each begins empty.
  return isCode ? (
    <Field
      key="code"
      name="code"
      label={texts.fields.code}
      hint={texts.secondFactor.codeHint}
      autocomplete="one-time-code"
      inputMode="numeric"
    />
  ) : (
    <Field key="recoveryCode" name="recoveryCode" label={texts.fields.recoveryCode} autocomplete="off" />
  );
}

/** Reads what was typed into a {@link CodeField}: apps show a code in groups, and it is copied like that. */
export function readCode({ code, recoveryCode }: Values): { code: string } | { recoveryCode: string } {
  return recoveryCode === undefined
    ? { code: (code ?? '').replace(/\s/g, '') }
    : { recoveryCode: recoveryCode.trim() };
}
