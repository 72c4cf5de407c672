import { isProblem } from '@latchkey/client';
import { Field } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { Page } from '../../components/page.tsx';
import { navigate, useLocation } from '../../router.tsx';
import { auth } from '../../session.ts';
import { texts } from '../../texts.ts';
import type { Challenge } from './second-factor.tsx';

const own = texts.passkeys.mailCode;

/** A code that was asked for. It is good only together with the flow. */
export interface Flow {
  readonly flow: string;
  readonly email: string;
}

interface MailCodeAddressProps {
  readonly email: string;
  readonly sent: (flow: Flow) => void;
  readonly leave: () => void;
}

/** Asks for a mail with a code. The next step is the same for addresses without an account. */
export function MailCodeAddress({ email, sent, leave }: MailCodeAddressProps) {
  const send = async ({ email = '' }: Values) => {
    const result = await auth.requestMailCode({ email });
    if (result.data !== undefined) sent({ flow: result.data.flow, email });
    return result;
  };
  return (
    <Page title={own.title} focus="field">
      <p>{own.explain}</p>
      <Form submit={own.submit} send={send}>
        <Field name="email" label={texts.fields.email} type="email" autocomplete="username" value={email} />
      </Form>
      <nav class="links">
        <button type="button" class="link" onClick={leave}>
          {own.back}
        </button>
      </nav>
    </Page>
  );
}

interface MailCodeProps {
  readonly flow: Flow;
  readonly goOn: (challenge: Challenge) => void;
  readonly again: (email: string) => void;
  readonly leave: () => void;
}

/** Signs in with the code of the mail. */
export function MailCode({ flow: { flow, email }, goOn, again, leave }: MailCodeProps) {
  const { search } = useLocation();

  const send = async ({ code = '' }: Values) => {
    const result = await auth.signInWithMailCode({ flow, code: code.replace(/\s/g, '') });
    const { error } = result;
    if (isProblem(error, 'second-factor-required')) {
      goOn(error);
      return {};
    }
    if (!isProblem(error, 'challenge-invalid')) return result;
    leave();
    navigate('signIn', { search, email, notice: 'codeInvalid', replace: true });
    return {};
  };

  return (
    <Page title={own.codeTitle} focus="field">
      <p>
        {own.sentTo} <bdi class="value">{email}</bdi>
      </p>
      <p>{own.enter}</p>
      <Form submit={own.signIn} send={send} problemFields={{ 'wrong-code': 'code' }}>
        <Field
          name="code"
          label={texts.fields.code}
          hint={own.hint}
          autocomplete="one-time-code"
          inputMode="numeric"
        />
      </Form>
      <nav class="links">
        <button type="button" class="link" onClick={() => again(email)}>
          {own.again}
        </button>
        <button type="button" class="link" onClick={leave}>
          {own.back}
        </button>
      </nav>
    </Page>
  );
}
