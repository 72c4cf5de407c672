import { useMemo, useState } from 'preact/hooks';
import { ApiKeys } from '../../../components/api-keys/api-keys.tsx';
import { Limits } from '../../../components/api-keys/limits.tsx';
import { callableBy, type KeyChoices, type KeyOwner } from '../../../components/api-keys/owner.ts';
import { ConsolePage } from '../../../components/console-page.tsx';
import { Notice } from '../../../components/notice.tsx';
import { Part } from '../../../components/part.tsx';
import { Said } from '../../../components/said.tsx';
import { Loaded } from '../../../components/states.tsx';
import { Time } from '../../../components/time.tsx';
import { useCan } from '../../../lib/can.ts';
import { type Grants, isAbove, useGrants } from '../../../lib/grants.ts';
import { useResource } from '../../../lib/resource.ts';
import { Link, useLocation } from '../../../router.tsx';
import { api, useAuth } from '../../../session.ts';
import { apiKeyTexts } from '../../../texts/api-keys.ts';
import { serviceAccountTexts as own } from '../../../texts/console/service-account.ts';
import { serviceAccountsTexts } from '../../../texts/console/service-accounts.ts';
import { type Account, loadAccount } from './account.ts';
import { Change } from './change.tsx';
import { Stop } from './stop.tsx';

/** One service account, and its keys. */
export function ServiceAccount() {
  const { id = '' } = useLocation();
  return (
    <ConsolePage title={own.title} screen="serviceAccounts">
      <Found id={id} />
      <nav class="links">
        <Link to="serviceAccounts">{own.back}</Link>
      </nav>
    </ConsolePage>
  );
}

interface Message {
  readonly tone: 'success' | 'warning';
  readonly text: string;
}

function Found({ id }: { readonly id: string }) {
  const { access } = useAuth();
  const found = useResource(() => loadAccount(id), `${id} ${access}`);
  const grants = useGrants();
  const [message, setMessage] = useState<Message>();
  const say = (text: string, tone: Message['tone'] = 'success') => {
    setMessage({ text, tone });
    found.reload();
  };
  return (
    <>
      <Said what={message} tone={message?.tone}>
        {message?.text}
      </Said>
      <Loaded resource={found}>
        {({ account }) =>
          account === undefined ? (
            <p>{own.missing}</p>
          ) : (
            <>
              <Facts account={account} />
              <Loaded resource={grants}>
                {(data) => <Ways account={account} grants={data} reload={found.reload} say={say} />}
              </Loaded>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Facts({ account }: { readonly account: Account }) {
  const { id, name, accessName, accessUntil, disabled, createdAt, updatedAt } = account;
  return (
    <dl class="facts">
      <dt>{own.name}</dt>
      <dd>
        <bdi class="value">{name}</bdi>
      </dd>
      <dt>{own.level}</dt>
      <dd>
        <bdi class="badge">{accessName}</bdi>{' '}
        {accessUntil !== null && (
          <>
            {own.until} <Time at={accessUntil} />
          </>
        )}
      </dd>
      <dt>{own.state}</dt>
      <dd>
        {disabled ? (
          <span class="badge warning">{serviceAccountsTexts.disabled}</span>
        ) : (
          serviceAccountsTexts.enabled
        )}
      </dd>
      {createdAt !== undefined && (
        <>
          <dt>{own.createdAt}</dt>
          <dd>
            <Time at={createdAt} />
          </dd>
        </>
      )}
      {updatedAt !== undefined && (
        <>
          <dt>{own.updatedAt}</dt>
          <dd>
            <Time at={updatedAt} />
          </dd>
        </>
      )}
      <dt>{own.id}</dt>
      <dd>
        <code>{id}</code>
      </dd>
    </dl>
  );
}

interface WaysProps {
  readonly account: Account;
  readonly grants: Grants;
  readonly reload: () => void;
  readonly say: (text: string, tone?: Message['tone']) => void;
}

/** What can be done with the account: its keys, changes, and the ways to stop it. */
function Ways({ account, grants, reload, say }: WaysProps) {
  const { id } = account;
  const owner = useMemo(() => ownerOf(id), [id]);
  const keys = useResource(owner.list, id);
  const isRefused = isAbove(account, grants);
  const { can } = useCan();
  const mayChange = can('changeServiceAccount') && !isRefused;
  return (
    <>
      {isRefused && <Notice>{own.above}</Notice>}
      <Part title={own.keys}>
        {account.disabled && <Notice tone="warning">{own.suspended}</Notice>}
        <ApiKeys
          owner={owner}
          keys={keys}
          choices={can('createServiceApiKey') && !isRefused ? choicesOf(account, grants) : undefined}
          mayEnd={can('endServiceApiKey') && !isRefused}
        />
        <Limits kind="service" />
      </Part>
      {mayChange && <Change account={account} levels={grants.levels} changed={say} reload={reload} />}
      {mayChange && (
        <Stop
          account={account}
          keyCount={keys.data?.apiKeys.length ?? 0}
          changed={say}
          overtaken={() => say(own.overtaken, 'warning')}
        />
      )}
    </>
  );
}

function ownerOf(id: string): KeyOwner {
  const path = { id };
  return {
    kind: 'service',
    list: () => api.GET('/service-accounts/{id}/api-keys', { params: { path } }),
    make: (body) => api.POST('/service-accounts/{id}/api-keys', { params: { path }, body }),
    end: (keyId) =>
      api.DELETE('/service-accounts/{id}/api-keys/{keyId}', { params: { path: { id, keyId } } }),
  };
}

function choicesOf({ permanentAccess }: Account, { levels, adminAccess, operations }: Grants): KeyChoices {
  return {
    levels: levels.filter(({ access }) => access <= permanentAccess),
    hint: apiKeyTexts.accessHintService,
    adminAccess,
    operations: callableBy('service', operations),
  };
}
