import { type components, isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { AccountPage } from '../../../components/account-page.tsx';
import { Field } from '../../../components/field.tsx';
import { Form, type Values } from '../../../components/form.tsx';
import { Time } from '../../../components/time.tsx';
import { api } from '../../../session.ts';
import { texts } from '../../../texts.ts';
import { QrCode } from './qr-code.tsx';

const own = texts.account.app;

interface ConfirmProps {
  readonly enrolment: components['schemas']['TotpEnrolment'];
  readonly finish: (confirmed: components['schemas']['TotpConfirmed']) => void;
  /** Goes back, for another secret. */
  readonly again: () => void;
}

/** Shows the secret as a QR code and as text, and takes the first code of the app. */
export function Confirm({ enrolment, finish, again }: ConfirmProps) {
  const { secret, uri, expiresAt, mailCodeRequired } = enrolment;
  const [isExpired, setExpired] = useState(false);
  const send = async ({ code = '', mailCode }: Values) => {
    const digits = (text: string) => text.replace(/\s/g, '');
    const result = await api.POST('/me/totp/confirm', {
      body: { code: digits(code), ...(mailCode !== undefined && { mailCode: digits(mailCode) }) },
    });
    if (isProblem(result.error, 'totp-not-pending')) setExpired(true);
    if (result.data !== undefined) finish(result.data);
    return result;
  };
  if (isExpired)
    return (
      <AccountPage title={own.title} area="security" width="card">
        <p role="alert">{own.expired}</p>
        <button type="button" class="button primary" onClick={again}>
          {own.again}
        </button>
      </AccountPage>
    );
  return (
    <AccountPage title={own.scanTitle} area="security" width="card">
      <p>{own.scan}</p>
      <QrCode text={uri} label={own.qrLabel} />
      <p>{own.byHand}</p>
      <dl class="facts">
        <dt>{own.key}</dt>
        <dd>
          <code class="secret">{secret.replace(/.{4}(?=.)/g, '$& ')}</code>
        </dd>
      </dl>
      <p>
        <a href={uri}>{own.open}</a>
      </p>
      <p>{own.code}</p>
      {/* Which of the two codes was wrong, the answer does not say. */}
      <Form submit={own.submit} send={send} problemFields={mailCodeRequired ? {} : { 'wrong-code': 'code' }}>
        <Field
          name="code"
          label={texts.fields.code}
          hint={own.codeHint}
          autocomplete="one-time-code"
          inputMode="numeric"
        />
        {mailCodeRequired && (
          <Field
            name="mailCode"
            label={own.mailCode}
            hint={own.mailCodeHint}
            autocomplete="one-time-code"
            inputMode="numeric"
          />
        )}
      </Form>
      <p class="muted">
        {own.until} <Time at={expiresAt} />.
      </p>
      <nav class="links" aria-label={texts.account.back}>
        <button type="button" class="link" onClick={again}>
          {texts.account.cancel}
        </button>
      </nav>
    </AccountPage>
  );
}
