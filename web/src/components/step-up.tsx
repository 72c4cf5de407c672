import type { InsufficientAuthentication } from '@latchkey/client';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { canUsePasskeys } from '../lib/passkeys.ts';
import { useResource } from '../lib/resource.ts';
import { type Settings, useSettings } from '../lib/settings.ts';
import { type StepUpRequest, stepUp } from '../lib/step-up.ts';
import { useStore } from '../lib/store.ts';
import { navigate } from '../router.tsx';
import { api, auth, useAuth } from '../session.ts';
import { texts } from '../texts.ts';
import { CodeField, readCode } from './code-field.tsx';
import { Field } from './field.tsx';
import { Form, type Values } from './form.tsx';
import { Loaded } from './states.tsx';

const own = texts.account.stepUp;

/** Asks for the reader's authenticators when a request needs a more recent sign-in, or a second factor. */
export function StepUp() {
  const request = useStore(stepUp);
  return request === undefined ? null : <StepUpDialog request={request} />;
}

function StepUpDialog({ request: { slug, finish } }: { readonly request: StepUpRequest }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const authenticators = useResource(() => api.GET('/me/authenticators'));
  const settings = useSettings();
  const { signedIn } = useAuth();
  const close = (isProven: boolean) => {
    // Closed first: then the browser puts the focus back to where it was.
    dialog.current?.close();
    finish(isProven);
  };
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (!signedIn) close(false);
  }, [signedIn]);
  const onCancel = (event: Event) => {
    event.preventDefault();
    close(false);
  };
  const { data } = authenticators;
  const hasSecondFactor = data !== undefined && (data.totp !== null || data.passkeys.length > 0);
  const needsSetUp = slug === 'two-factors-required' && data !== undefined && !hasSecondFactor;
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={title} onCancel={onCancel}>
      <h2 id={title}>{needsSetUp ? own.setUpTitle : own.title}</h2>
      <Loaded resource={authenticators}>
        {({ password, totp, passkeys }) =>
          needsSetUp ? (
            <SetUp leave={() => close(false)} />
          ) : (
            <Loaded resource={settings}>
              {(settings) => (
                <Proof
                  slug={slug}
                  settings={settings}
                  hasPassword={password}
                  hasApp={totp !== null}
                  hasPasskey={passkeys.length > 0}
                  done={() => close(true)}
                />
              )}
            </Loaded>
          )
        }
      </Loaded>
      <button type="button" class="button" onClick={() => close(false)}>
        {needsSetUp ? own.notNow : texts.account.cancel}
      </button>
    </dialog>
  );
}

interface ProofProps {
  readonly slug: InsufficientAuthentication['slug'];
  readonly settings: Settings;
  readonly hasPassword: boolean;
  readonly hasApp: boolean;
  readonly hasPasskey: boolean;
  readonly done: () => void;
}

/**
 * A passkey, or the password with a code where the account has a second factor. Only all factors in one
 * request renew the time of the sign-in.
 */
function Proof({ slug, settings, hasPassword, hasApp, hasPasskey, done }: ProofProps) {
  const [isCode, setIsCode] = useState(true);
  const part = useRef<HTMLDivElement>(null);
  useEffect(() => part.current?.querySelector('input')?.focus(), [isCode]);
  const send = async (values: Values) => {
    const { password = '' } = values;
    const result = await auth.reauthenticate({ password, ...((hasApp || hasPasskey) && readCode(values)) });
    if (result.error === undefined) done();
    return result;
  };
  const sendPasskey = async () => {
    const result = await auth.reauthenticateWithPasskey();
    if (result.error === undefined) done();
    return result;
  };
  const takesPasskey = hasPasskey && canUsePasskeys(settings);
  // The password of an account with a second factor needs a code beside it: of the app, or a recovery code.
  const hasSecondFactor = hasApp || hasPasskey;
  if (!takesPasskey && !hasPassword) return <p>{own.noWay}</p>;
  return (
    <div ref={part}>
      <p>{slug === 'two-factors-required' ? own.twoFactors : own.recent}</p>
      {takesPasskey && <Form submit={own.usePasskey} send={sendPasskey} />}
      {takesPasskey && hasPassword && <p class="or">{own.or}</p>}
      {hasPassword && (
        <Form
          submit={own.submit}
          send={send}
          problemFields={{
            'wrong-password': 'password',
            'wrong-code': isCode && hasApp ? 'code' : 'recoveryCode',
            'code-already-used': 'code',
          }}
        >
          <Field
            name="password"
            label={texts.fields.password}
            type="password"
            autocomplete="current-password"
          />
          {hasSecondFactor && <CodeField isCode={isCode && hasApp} />}
        </Form>
      )}
      {hasPassword && hasApp && (
        <p class="links">
          <button type="button" class="link" onClick={() => setIsCode(!isCode)}>
            {isCode ? own.useRecoveryCode : own.useApp}
          </button>
        </p>
      )}
    </div>
  );
}

/** Leads to where a second factor is set up. The request stays refused, for the account cannot prove one. */
function SetUp({ leave }: { readonly leave: () => void }) {
  const begin = () => {
    leave();
    navigate('app');
  };
  return (
    <>
      <p>{own.setUp}</p>
      <button type="button" class="button primary" onClick={begin}>
        {own.setUpSubmit}
      </button>
    </>
  );
}
