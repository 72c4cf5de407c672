import { useState } from 'preact/hooks';
import { AccountReady } from '../components/account-ready.tsx';
import { CheckMail } from '../components/check-mail.tsx';
import { CredentialField, type CredentialKind, OtherCredential } from '../components/credential-field.tsx';
import { Field } from '../components/field.tsx';
import { Form, type Values } from '../components/form.tsx';
import { Page } from '../components/page.tsx';
import { Loaded } from '../components/states.tsx';
import { useSettings } from '../lib/settings.ts';
import { signInWith } from '../lib/sign-in-with.ts';
import { Link, useLocation } from '../router.tsx';
import { api, auth } from '../session.ts';
import { texts } from '../texts.ts';

const own = texts.register;

/** What the page shows after the form. */
type Outcome =
  | { readonly sentTo: string; readonly explain: string }
  | { readonly recoveryCodes: readonly string[] };

/** Makes an account, with a password or a passkey: at once, or where there is a mail server by its link. */
export function Register() {
  const { search, email } = useLocation();
  const settings = useSettings();
  const [kind, setKind] = useState<CredentialKind>();
  const [outcome, setOutcome] = useState<Outcome>();

  const withPassword = async ({ name = '', email = '', password = '' }: Values, key: string) => {
    const result = await api.POST('/register', {
      body: { name, email, password },
      params: { header: { 'idempotency-key': key } },
    });
    if (result.response.status === 202) setOutcome({ sentTo: email, explain: texts.checkMail.register });
    else if (result.data !== undefined) await signInWith({ email, password });
    return result;
  };
  const withPasskey = async ({ name = '', email = '' }: Values) => {
    const result = await auth.registerWithPasskey({ name, email });
    const { data } = result;
    if (data === undefined) return result;
    if ('id' in data) setOutcome({ recoveryCodes: data.recoveryCodes ?? [] });
    else setOutcome({ sentTo: email, explain: texts.passkeys.register.checkMail });
    return result;
  };

  if (outcome !== undefined)
    return 'sentTo' in outcome ? (
      <CheckMail email={outcome.sentTo} explain={outcome.explain} again={() => setOutcome(undefined)} />
    ) : (
      <AccountReady recoveryCodes={outcome.recoveryCodes} />
    );
  return (
    <Page title={own.title}>
      <Loaded resource={settings}>
        {(settings) => {
          if (settings.registration === 'invite') return <p>{own.closed}</p>;
          const chosen = kind ?? (settings.signInMethods.includes('password') ? 'password' : 'passkey');
          return (
            <>
              <Form
                submit={chosen === 'passkey' ? texts.passkeys.register.withPasskey : own.submit}
                send={chosen === 'passkey' ? withPasskey : withPassword}
                problemFields={{ 'email-taken': 'email' }}
              >
                <Field name="name" label={texts.fields.name} autocomplete="name" />
                <Field
                  name="email"
                  label={texts.fields.email}
                  type="email"
                  autocomplete="username"
                  value={email}
                />
                <CredentialField kind={chosen} minLength={settings.passwordMinLength} />
              </Form>
              <OtherCredential kind={chosen} settings={settings} choose={setKind} />
            </>
          );
        }}
      </Loaded>
      <nav class="links">
        <p>
          {own.hasAccount}{' '}
          <Link to="signIn" search={search}>
            {own.signIn}
          </Link>
        </p>
      </nav>
    </Page>
  );
}
