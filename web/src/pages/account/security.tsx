import type { components } from '@latchkey/client';
import { AccountPage } from '../../components/account-page.tsx';
import { Notice } from '../../components/notice.tsx';
import { Part } from '../../components/part.tsx';
import { Loaded } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { useResource } from '../../lib/resource.ts';
import { Link } from '../../router.tsx';
import { api, auth, useAuth } from '../../session.ts';
import { apiKeyTexts } from '../../texts/api-keys.ts';
import { texts } from '../../texts.ts';

const own = texts.account.security;

/** Codes that are left when the page says that new ones are due. */
const FEW_CODES = 3;

type Authenticators = components['schemas']['Authenticators'];

/** What one signs in with. */
export function Security() {
  const { factors } = useAuth();
  const authenticators = useResource(() => api.GET('/me/authenticators'), String(factors));
  return (
    <AccountPage title={own.title} area="security">
      <Loaded resource={authenticators}>
        {({ password, totp, passkeys, recoveryCodes }) => (
          <>
            <Part title={own.password}>
              <p>{password ? own.hasPassword : own.noPassword}</p>
              {password && (
                <Link to="password" class="button">
                  {own.changePassword}
                </Link>
              )}
            </Part>
            <Passkeys count={passkeys.length} />
            <App totp={totp} />
            <Codes {...recoveryCodes} isOn={totp !== null || passkeys.length > 0} />
            <Keys />
          </>
        )}
      </Loaded>
    </AccountPage>
  );
}

function Passkeys({ count }: { readonly count: number }) {
  return (
    <Part title={own.passkeys}>
      <p>{count === 0 ? own.noPasskey : own.passkeyCount(count)}</p>
      <Link to="passkeys" class="button">
        {count === 0 ? own.addPasskey : own.managePasskeys}
      </Link>
    </Part>
  );
}

function App({ totp }: Pick<Authenticators, 'totp'>) {
  return (
    <Part title={own.app}>
      <p>{totp === null ? own.appIsOff : own.appIsOn}</p>
      {totp !== null && (
        <dl class="facts">
          <dt>{own.appAdded}</dt>
          <dd>
            <Time at={totp.createdAt} />
          </dd>
          <dt>{own.appUsed}</dt>
          <dd>{totp.lastUsedAt === null ? own.never : <Time at={totp.lastUsedAt} />}</dd>
        </dl>
      )}
      <Link to="app" class={totp === null ? 'button primary' : 'button'}>
        {totp === null ? own.setUpApp : own.manageApp}
      </Link>
    </Part>
  );
}

type CodesProps = Authenticators['recoveryCodes'] & {
  /** True when the account has a second factor, which the codes stand in for. */
  readonly isOn: boolean;
};

function Codes({ left, createdAt, isOn }: CodesProps) {
  const isKnown = isOn || left > 0;
  return (
    <Part title={own.codes}>
      {isKnown ? <p>{own.codesLeft(left)}</p> : <p>{own.codesNone}</p>}
      {isKnown && left <= FEW_CODES && <Notice tone="warning">{own.codesFew}</Notice>}
      {createdAt !== null && (
        <dl class="facts">
          <dt>{own.codesMade}</dt>
          <dd>
            <Time at={createdAt} />
          </dd>
        </dl>
      )}
      {isKnown && (
        <Link to="recoveryCodes" class="button">
          {own.renewCodes}
        </Link>
      )}
    </Part>
  );
}

/** Shown to people who may make keys, or who have some. */
function Keys() {
  const keys = useResource(() => api.GET('/me/api-keys'));
  const isShown = auth.can('createApiKey');
  return (
    <Loaded resource={keys}>
      {({ apiKeys: { length } }) =>
        (isShown || length > 0) && (
          <Part title={apiKeyTexts.title}>
            <p>{length === 0 ? apiKeyTexts.partNone : apiKeyTexts.count(length)}</p>
            <Link to="apiKeys" class="button">
              {apiKeyTexts.manage}
            </Link>
          </Part>
        )
      }
    </Loaded>
  );
}
