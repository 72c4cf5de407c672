import { useState } from 'preact/hooks';
import { AccountPage } from '../../components/account-page.tsx';
import { RecoveryCodes } from '../../components/recovery-codes.tsx';
import { Empty, Loaded } from '../../components/states.tsx';
import { useResource } from '../../lib/resource.ts';
import { Link, navigate } from '../../router.tsx';
import { api } from '../../session.ts';
import { texts } from '../../texts.ts';
import { AddPasskey } from './add-passkey.tsx';
import { PasskeyItem } from './passkey-item.tsx';

const own = texts.passkeys.account;

/** One's own passkeys: to add one, to rename it and to remove it. */
export function Passkeys() {
  const authenticators = useResource(() => api.GET('/me/authenticators'));
  const [codes, setCodes] = useState<readonly string[]>();
  const show = (notice: 'passkeyAdded' | 'passkeyRemoved') => navigate('passkeys', { notice, replace: true });

  if (codes !== undefined) return <RecoveryCodes codes={codes} done={() => show('passkeyAdded')} />;
  return (
    <AccountPage title={own.title} area="security">
      <p>{own.explain}</p>
      <Loaded resource={authenticators}>
        {({ passkeys }) => (
          <>
            {passkeys.length === 0 && <Empty>{own.none}</Empty>}
            <ul class="items">
              {passkeys.map((passkey) => (
                <PasskeyItem
                  key={passkey.id}
                  passkey={passkey}
                  renamed={authenticators.reload}
                  removed={() => show('passkeyRemoved')}
                />
              ))}
            </ul>
            <AddPasskey
              added={(codes) => {
                if (codes === null) show('passkeyAdded');
                else setCodes(codes);
              }}
            />
          </>
        )}
      </Loaded>
      <nav class="links">
        <Link to="security">{own.back}</Link>
      </nav>
    </AccountPage>
  );
}
