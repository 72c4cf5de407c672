import { isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { AccountPage } from '../../components/account-page.tsx';
import { Form } from '../../components/form.tsx';
import { RecoveryCodeList } from '../../components/recovery-code-list.tsx';
import { Link, navigate } from '../../router.tsx';
import { api } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.codes;

/** Makes new recovery codes. Those of before are void. */
export function RecoveryCodes() {
  const [codes, setCodes] = useState<readonly string[]>();
  const [hasFactor, setHasFactor] = useState(true);
  const renew = async () => {
    const result = await api.POST('/me/recovery-codes');
    if (isProblem(result.error, 'no-second-factor')) setHasFactor(false);
    setCodes(result.data?.recoveryCodes);
    return result;
  };
  return (
    <AccountPage title={own.title} area="security" width="card">
      {codes !== undefined ? (
        <RecoveryCodeList codes={codes} done={() => navigate('security', { notice: 'codesKept' })} />
      ) : (
        <>
          <p>{hasFactor ? own.explain : own.noFactor}</p>
          {hasFactor ? (
            <>
              <p>{own.renew}</p>
              <Form submit={own.submit} send={renew} />
            </>
          ) : (
            <Link to="app" class="button primary">
              {own.setUp}
            </Link>
          )}
          <nav class="links" aria-label={texts.account.back}>
            <Link to="security">{texts.account.cancel}</Link>
          </nav>
        </>
      )}
    </AccountPage>
  );
}
