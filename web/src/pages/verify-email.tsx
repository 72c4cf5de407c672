import { isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { AccountReady } from '../components/account-ready.tsx';
import { Field } from '../components/field.tsx';
import { Form, type Values } from '../components/form.tsx';
import { MailLink, OtherAccount } from '../components/mail-link.tsx';
import { Page } from '../components/page.tsx';
import { signInWith } from '../lib/sign-in-with.ts';
import { Link } from '../router.tsx';
import { api, auth } from '../session.ts';
import { texts } from '../texts.ts';

const own = texts.verifyEmail;

/** What the service asks for, besides the token. */
type Needed = 'nothing' | 'password' | 'passkey';

/** What the page shows in the end. */
type Outcome = { readonly email: string } | { readonly recoveryCodes: readonly string[] };

/**
 * Confirms an address: of a registration, or another one of an account. The link does not say which, and only
 * a registration needs its password or its passkey: the service asks for it.
 */
export function VerifyEmail() {
  const [needed, setNeeded] = useState<Needed>('nothing');
  const [outcome, setOutcome] = useState<Outcome>();

  const verify = async (token: string, { password }: Values) => {
    const result = await api.POST('/email/verify', {
      body: { token, ...(password !== undefined && { password }) },
    });
    const { data, error } = result;
    if (password === undefined && isProblem(error, 'validation-failed')) {
      setNeeded(error.errors.some(({ pointer }) => pointer === '/passkey') ? 'passkey' : 'password');
      return {};
    }
    // A person has an address; only service accounts have none.
    if (data?.email == null) return result;
    if (password !== undefined) await signInWith({ email: data.email, password });
    else setOutcome({ email: data.email });
    return result;
  };
  const verifyWithPasskey = async (token: string) => {
    const result = await auth.verifyWithPasskey(token);
    if (result.data !== undefined) setOutcome({ recoveryCodes: result.data.recoveryCodes ?? [] });
    return result;
  };

  if (outcome !== undefined)
    return 'email' in outcome ? (
      <Confirmed email={outcome.email} />
    ) : (
      <AccountReady recoveryCodes={outcome.recoveryCodes} />
    );
  return (
    <MailLink page="verifyEmail">
      {(use) => (
        <Page title={own.title} focus={needed === 'password' ? 'field' : 'heading'}>
          {needed !== 'nothing' && <OtherAccount />}
          <p>{explanations[needed]}</p>
          <Form
            submit={needed === 'passkey' ? texts.passkeys.verifyEmail.submit : own.submit}
            send={use(needed === 'passkey' ? verifyWithPasskey : verify)}
            problemFields={{ 'wrong-password': 'password' }}
            key={needed}
          >
            {needed === 'password' && (
              <Field
                name="password"
                label={texts.fields.password}
                type="password"
                autocomplete="current-password"
              />
            )}
          </Form>
          <p class="muted">{own.notYours}</p>
        </Page>
      )}
    </MailLink>
  );
}

const explanations: Readonly<Record<Needed, string>> = {
  nothing: own.explain,
  password: own.password,
  passkey: texts.passkeys.verifyEmail.explain,
};

function Confirmed({ email }: { readonly email: string }) {
  return (
    <Page title={own.doneTitle}>
      <p>
        {own.done} <bdi class="value">{email}</bdi>
      </p>
      <Link to="home" class="button primary">
        {own.home}
      </Link>
    </Page>
  );
}
