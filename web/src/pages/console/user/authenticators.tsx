import type { components } from '@latchkey/client';
import { Dialog } from '../../../components/dialog.tsx';
import { Form } from '../../../components/form.tsx';
import { Part } from '../../../components/part.tsx';
import { Loaded } from '../../../components/states.tsx';
import { Time } from '../../../components/time.tsx';
import { useResource } from '../../../lib/resource.ts';
import { useSettings } from '../../../lib/settings.ts';
import { api } from '../../../session.ts';
import { userTexts } from '../../../texts/console/user.ts';
import { Opens, type PartProps } from './opens.tsx';

const own = userTexts.authenticators;

type Data = components['schemas']['Authenticators'];

/** What the user signs in with, and the way to remove a second factor that is lost. */
export function Authenticators({ shown, rights, changes, done }: PartProps) {
  const { id } = shown.user;
  const authenticators = useResource(
    () => api.GET('/users/{id}/authenticators', { params: { path: { id } } }),
    [shown.etag, changes].join(),
  );
  return (
    <Part title={own.title}>
      <Loaded resource={authenticators}>
        {(data) => (
          <>
            <Facts data={data} />
            {/* One's own are removed on the pages of one's account. */}
            {hasAny(data) && !rights.isSelf && rights.can('resetAuthenticators') && (
              <div class="actions">
                <Opens label={own.reset} done={done}>
                  {(end) => <Reset id={id} hasPassword={data.password} end={end} />}
                </Opens>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Part>
  );
}

function hasAny({ totp, passkeys, recoveryCodes }: Data): boolean {
  return totp !== null || passkeys.length > 0 || recoveryCodes.left > 0;
}

function Facts({ data: { password, totp, passkeys, recoveryCodes } }: { readonly data: Data }) {
  return (
    <dl class="facts">
      <dt>{own.password}</dt>
      <dd>{password ? own.yes : own.no}</dd>
      <dt>{own.app}</dt>
      <dd>{totp === null ? own.no : <Used at={totp} />}</dd>
      <dt>{own.passkeys}</dt>
      <dd>
        {passkeys.length === 0 && own.no}
        {passkeys.map((passkey) => (
          <div key={passkey.id}>
            <bdi>{passkey.name}</bdi>: <Used at={passkey} />
          </div>
        ))}
      </dd>
      <dt>{own.codes}</dt>
      <dd>{recoveryCodes.left === 0 ? own.no : own.left(recoveryCodes.left)}</dd>
    </dl>
  );
}

function Used({ at }: { readonly at: { readonly createdAt: string; readonly lastUsedAt: string | null } }) {
  return (
    <>
      {own.added} <Time at={at.createdAt} precision="day" />,{' '}
      {at.lastUsedAt === null ? (
        own.neverUsed
      ) : (
        <>
          {own.used} <Time at={at.lastUsedAt} />
        </>
      )}
    </>
  );
}

interface ResetProps {
  readonly id: string;
  readonly hasPassword: boolean;
  readonly end: (text?: string) => void;
}

function Reset({ id, hasPassword, end }: ResetProps) {
  const { data: settings } = useSettings();
  const send = async () => {
    const result = await api.DELETE('/users/{id}/authenticators', { params: { path: { id } } });
    if (result.error === undefined) end(own.resetDone);
    return result;
  };
  return (
    <Dialog title={own.resetTitle} close={end}>
      <p>{own.resetText}</p>
      <p>{hasPassword ? own.resetPassword : own.resetNoPassword}</p>
      <p>{settings?.mail === false ? userTexts.noMail : own.resetMail}</p>
      <p>{own.resetCaution}</p>
      <Form submit={own.resetSubmit} tone="danger" send={send} />
    </Dialog>
  );
}
