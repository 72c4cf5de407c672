import { isProblem, type Problem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { Field } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { Page } from '../../components/page.tsx';
import { navigate, useLocation } from '../../router.tsx';
import { auth } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.secondFactor;

/** The answer to a right password of an account that has a second factor. */
export type Challenge = Extract<Problem, { slug: 'second-factor-required' }>;

interface SecondFactorProps {
  readonly challenge: Challenge;
  readonly leave: () => void;
}

/** The second factors of an account, the easiest first. */
const METHODS = ['passkey', 'totp', 'recoveryCode'] as const;
type Method = (typeof METHODS)[number];

/** Ends a sign-in with a passkey, a code of the app, or a recovery code. */
export function SecondFactor({ challenge: { challenge, methods }, leave }: SecondFactorProps) {
  const { search } = useLocation();
  const usable = METHODS.filter(
    (method) => methods.includes(method) && (method !== 'passkey' || auth.passkeysAvailable()),
  );
  const [method, setMethod] = useState(usable[0]);

  const send = async (values: Values) => {
    const result = await prove(method, challenge, values);
    if (!isProblem(result.error, 'challenge-invalid')) return result;
    leave();
    navigate('signIn', { search, notice: 'challengeInvalid', replace: true });
    return {};
  };

  return (
    <Page title={own.title} focus="field">
      <p>{method === undefined ? own.none : own.explain[method]}</p>
      {method !== undefined && (
        <Form
          key={method}
          submit={own.submit[method]}
          send={send}
          problemFields={{ 'wrong-code': fieldOf[method], 'code-already-used': 'code' }}
        >
          {method === 'totp' && (
            <Field
              name="code"
              label={texts.fields.code}
              hint={own.codeHint}
              autocomplete="one-time-code"
              inputMode="numeric"
            />
          )}
          {method === 'recoveryCode' && (
            <Field name="recoveryCode" label={texts.fields.recoveryCode} autocomplete="off" />
          )}
        </Form>
      )}
      <nav class="links">
        {usable
          .filter((other) => other !== method)
          .map((other) => (
            <button key={other} type="button" class="link" onClick={() => setMethod(other)}>
              {own.use[other]}
            </button>
          ))}
        <button type="button" class="link" onClick={leave}>
          {own.back}
        </button>
      </nav>
    </Page>
  );
}

/** The field of each method that has one. */
const fieldOf: Readonly<Record<Method, string>> = {
  passkey: '',
  totp: 'code',
  recoveryCode: 'recoveryCode',
};

function prove(method: Method | undefined, challenge: string, { code = '', recoveryCode = '' }: Values) {
  if (method === 'passkey') return auth.provideSecondFactorWithPasskey({ challenge });
  if (method === 'totp') return auth.provideSecondFactor({ challenge, code: code.replace(/\s/g, '') });
  return auth.provideSecondFactor({ challenge, recoveryCode: recoveryCode.trim() });
}
