import { isProblem } from '@latchkey/client';
import { useRef } from 'preact/hooks';
import { Field } from '../../components/field.tsx';
import { Form, type Values } from '../../components/form.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page } from '../../components/page.tsx';
import { Loaded } from '../../components/states.tsx';
import { canUsePasskeys, usePasskeyList } from '../../lib/passkeys.ts';
import { type Settings, useSettings } from '../../lib/settings.ts';
import { Link, useLocation } from '../../router.tsx';
import { auth } from '../../session.ts';
import { texts } from '../../texts.ts';
import type { Challenge } from './second-factor.tsx';

const own = texts.signIn;
const ways = texts.passkeys.signIn;

interface StartProps {
  /** Called when the first factor was right, and the account has a second one. */
  readonly goOn: (challenge: Challenge) => void;
  /** Called when the reader wants a code by mail. @param email what is typed so far */
  readonly byMail: (email: string) => void;
}

/** The first step of a sign-in. */
export function Start(props: StartProps) {
  const settings = useSettings();
  return (
    <Page title={own.title} focus={settings.data === undefined ? 'heading' : 'field'}>
      <Loaded resource={settings}>{(settings) => <Ways settings={settings} {...props} />}</Loaded>
    </Page>
  );
}

/** Every way to begin a sign-in that is on. */
function Ways({ settings, goOn, byMail }: StartProps & { readonly settings: Settings }) {
  const { email, search } = useLocation();
  const { signInMethods: methods } = settings;
  const hasPassword = methods.includes('password');
  const hasPasskeys = canUsePasskeys(settings);
  const refused = usePasskeyList(hasPasskeys);
  const typed = useRef(email ?? '');

  const send = async ({ email = '', password = '' }: Values) => {
    const result = await auth.signIn({ email, password });
    // The second factor is an outcome, not an error.
    if (!isProblem(result.error, 'second-factor-required')) return result;
    goOn(result.error);
    return {};
  };

  return (
    <>
      <div role="alert">{refused !== undefined && <Notice tone="error">{refused}</Notice>}</div>
      {hasPassword && (
        <Form submit={own.submit} send={send}>
          <Field
            name="email"
            label={texts.fields.email}
            type="email"
            autocomplete={hasPasskeys ? 'username webauthn' : 'username'}
            value={email}
            onInput={(value) => {
              typed.current = value;
            }}
          />
          <Field
            name="password"
            label={texts.fields.password}
            type="password"
            autocomplete="current-password"
          />
        </Form>
      )}
      {!hasPassword && methods.includes('passkey') && (
        <p>{hasPasskeys ? ways.onlyPasskeys : ways.noPasskeys}</p>
      )}
      {hasPassword && (hasPasskeys || methods.includes('email')) && <p class="or">{ways.or}</p>}
      <div class="ways">
        {hasPasskeys && (
          <Form
            submit={ways.passkey}
            tone={hasPassword ? 'plain' : 'primary'}
            send={() => auth.signInWithPasskey()}
          />
        )}
        {methods.includes('email') && (
          <button type="button" class="button" onClick={() => byMail(typed.current)}>
            {ways.mailCode}
          </button>
        )}
      </div>
      <nav class="links">
        {settings.mail && hasPassword && <Link to="forgotPassword">{own.forgot}</Link>}
        {settings.registration === 'open' && (
          <p>
            {own.isNew}{' '}
            <Link to="register" search={search}>
              {own.register}
            </Link>
          </p>
        )}
      </nav>
    </>
  );
}
