import { type components, isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { AccountPage } from '../../../components/account-page.tsx';
import { Form } from '../../../components/form.tsx';
import { Part } from '../../../components/part.tsx';
import { RecoveryCodeList } from '../../../components/recovery-code-list.tsx';
import { Loaded } from '../../../components/states.tsx';
import { useResource } from '../../../lib/resource.ts';
import { Link, navigate } from '../../../router.tsx';
import { api } from '../../../session.ts';
import { texts } from '../../../texts.ts';
import { Confirm } from './confirm.tsx';

const own = texts.account.app;

type Enrolment = components['schemas']['TotpEnrolment'];
type Confirmed = components['schemas']['TotpConfirmed'];

/** Sets up, replaces or removes the authenticator app. */
export function AuthenticatorApp() {
  const authenticators = useResource(() => api.GET('/me/authenticators'));
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const [codes, setCodes] = useState<readonly string[]>();

  const begin = async () => {
    const result = await api.POST('/me/totp');
    if (result.data !== undefined) setEnrolment(result.data);
    return result;
  };
  const finish = ({ recoveryCodes }: Confirmed) => {
    if (recoveryCodes === null) navigate('security', { notice: 'appAdded' });
    else setCodes(recoveryCodes);
  };

  if (codes !== undefined)
    return (
      <AccountPage title={texts.account.codes.title} area="security" width="card">
        <RecoveryCodeList codes={codes} done={() => navigate('security', { notice: 'appAdded' })} />
      </AccountPage>
    );
  if (enrolment !== undefined)
    return <Confirm enrolment={enrolment} finish={finish} again={() => setEnrolment(undefined)} />;
  return (
    <AccountPage title={own.title} area="security" width="card">
      <p>{own.explain}</p>
      <Loaded resource={authenticators}>
        {({ totp }) =>
          totp === null ? <Form submit={own.begin} send={begin} /> : <Existing replace={begin} />
        }
      </Loaded>
      <nav class="links" aria-label={texts.account.back}>
        <Link to="security">{texts.account.cancel}</Link>
      </nav>
    </AccountPage>
  );
}

function Existing({ replace }: { readonly replace: () => Promise<{ error?: unknown; response: Response }> }) {
  const remove = async () => {
    const result = await api.DELETE('/me/totp');
    // Another tab was first: it is gone in any case.
    const isGone = result.error === undefined || isProblem(result.error, 'totp-not-found');
    if (isGone) navigate('security', { notice: 'appRemoved' });
    return isGone ? {} : result;
  };
  return (
    <>
      <Part title={own.replaceTitle}>
        <p>{own.replace}</p>
        <Form submit={own.replaceBegin} send={replace} />
      </Part>
      <Part title={own.removeTitle}>
        <p>{own.remove}</p>
        <Form submit={own.removeSubmit} tone="danger" send={remove} />
      </Part>
    </>
  );
}
