import { useState } from 'preact/hooks';
import { AccountReady } from '../components/account-ready.tsx';
import { CredentialField, type CredentialKind, OtherCredential } from '../components/credential-field.tsx';
import { Field } from '../components/field.tsx';
import { Form, type Values } from '../components/form.tsx';
import { MailLink, OtherAccount } from '../components/mail-link.tsx';
import { Page } from '../components/page.tsx';
import { Loaded } from '../components/states.tsx';
import { useSettings } from '../lib/settings.ts';
import { signInWith } from '../lib/sign-in-with.ts';
import { api, auth } from '../session.ts';
import { texts } from '../texts.ts';

/** Makes the account of a person who was invited by mail. */
export function AcceptInvitation() {
  return <Acceptance page="acceptInvitation" />;
}

/** Makes the first admin, by the link that the start of the service prints. It asks for the address too. */
export function FirstAdmin() {
  return <Acceptance page="firstAdmin" />;
}

function Acceptance({ page }: { readonly page: 'acceptInvitation' | 'firstAdmin' }) {
  const settings = useSettings();
  const [kind, setKind] = useState<CredentialKind>();
  const [recoveryCodes, setRecoveryCodes] = useState<readonly string[]>();
  const own = texts[page];
  const isFirst = page === 'firstAdmin';

  const withPassword = async (token: string, { password = '', ...values }: Values) => {
    const body = { ...acceptanceOf(token, values), password };
    const result = await api.POST('/invitations/accept', { body });
    // A person has an address; only service accounts have none.
    if (result.data?.email != null) await signInWith({ email: result.data.email, password });
    return result;
  };
  const withPasskey = async (token: string, values: Values) => {
    const result = await auth.acceptInvitationWithPasskey(acceptanceOf(token, values));
    if (result.data !== undefined) setRecoveryCodes(result.data.recoveryCodes ?? []);
    return result;
  };

  if (recoveryCodes !== undefined) return <AccountReady recoveryCodes={recoveryCodes} />;
  return (
    <MailLink page={page}>
      {(use) => (
        <Page title={own.title}>
          <OtherAccount />
          <p>{own.explain}</p>
          <Loaded resource={settings}>
            {(settings) => {
              const chosen = kind ?? (settings.signInMethods.includes('password') ? 'password' : 'passkey');
              return (
                <>
                  <Form
                    submit={chosen === 'passkey' ? texts.passkeys.register.withPasskey : own.submit}
                    problemFields={{ 'email-taken': 'email' }}
                    send={use(chosen === 'passkey' ? withPasskey : withPassword)}
                  >
                    <Field name="name" label={texts.fields.name} autocomplete="name" />
                    {isFirst && (
                      <Field name="email" label={texts.fields.email} type="email" autocomplete="username" />
                    )}
                    <CredentialField kind={chosen} minLength={settings.passwordMinLength} />
                  </Form>
                  <OtherCredential kind={chosen} settings={settings} choose={setKind} />
                </>
              );
            }}
          </Loaded>
        </Page>
      )}
    </MailLink>
  );
}

function acceptanceOf(token: string, { name = '', email }: Values) {
  return { token, name, ...(email !== undefined && { email }) };
}
