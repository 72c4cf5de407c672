import { useState } from 'preact/hooks';
import { navigate } from '../router.tsx';
import { auth } from '../session.ts';
import { texts } from '../texts.ts';
import { Form } from './form.tsx';
import { Page } from './page.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';

const own = texts.passkeys;

/** The end of making an account with a passkey: its recovery codes, and then the sign-in. */
export function AccountReady({ recoveryCodes = [] }: { readonly recoveryCodes?: readonly string[] }) {
  const [areKept, setKept] = useState(recoveryCodes.length === 0);
  if (!areKept) return <RecoveryCodes codes={recoveryCodes} done={() => setKept(true)} />;
  return (
    <Page title={own.ready.title}>
      <p>{own.ready.explain}</p>
      <Form
        submit={own.signIn.passkey}
        send={async () => {
          const result = await auth.signInWithPasskey();
          if (result.error === undefined) navigate('home', { replace: true });
          return result;
        }}
      />
    </Page>
  );
}
