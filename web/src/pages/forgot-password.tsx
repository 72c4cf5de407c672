import { useState } from 'preact/hooks';
import { CheckMail } from '../components/check-mail.tsx';
import { Field } from '../components/field.tsx';
import { Form, type Values } from '../components/form.tsx';
import { Page } from '../components/page.tsx';
import { Loaded } from '../components/states.tsx';
import { useSettings } from '../lib/settings.ts';
import { Link, useLocation } from '../router.tsx';
import { api } from '../session.ts';
import { texts } from '../texts.ts';

const own = texts.forgotPassword;

/** Asks for the mail with which a new password is set. */
export function ForgotPassword() {
  const { email } = useLocation();
  const settings = useSettings();
  const [sentTo, setSentTo] = useState<string>();

  const send = async ({ email = '' }: Values, key: string) => {
    const result = await api.POST('/password/forgot', {
      body: { email },
      params: { header: { 'idempotency-key': key } },
    });
    if (result.error === undefined) setSentTo(email);
    return result;
  };

  if (sentTo !== undefined)
    return <CheckMail email={sentTo} explain={texts.checkMail.reset} again={() => setSentTo(undefined)} />;
  return (
    <Page title={own.title}>
      <Loaded resource={settings}>
        {({ mail }) =>
          mail ? (
            <>
              <p>{own.explain}</p>
              <Form submit={own.submit} send={send}>
                <Field
                  name="email"
                  label={texts.fields.email}
                  type="email"
                  autocomplete="username"
                  value={email}
                />
              </Form>
            </>
          ) : (
            <p>{own.noMail}</p>
          )
        }
      </Loaded>
      <nav class="links">
        <Link to="signIn">{own.back}</Link>
      </nav>
    </Page>
  );
}
