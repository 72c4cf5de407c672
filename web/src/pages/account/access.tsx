import type { components, paths } from '@latchkey/client';
import { AccountPage } from '../../components/account-page.tsx';
import { Notice } from '../../components/notice.tsx';
import { Loaded } from '../../components/states.tsx';
import { Time } from '../../components/time.tsx';
import { type Operation, toWords } from '../../lib/operations.ts';
import { useResource } from '../../lib/resource.ts';
import { askToProve } from '../../lib/step-up.ts';
import { Link } from '../../router.tsx';
import { api, useAuth } from '../../session.ts';
import { texts } from '../../texts.ts';

const own = texts.account.access;

type Permissions = paths['/me/permissions']['get']['responses'][200]['content']['application/json'];

/** One's own level, until when, and what it opens. */
export function Access() {
  const { access, access2, factors } = useAuth();
  // A change by an admin shows at once, and so does a second factor.
  const key = [access, access2, factors].join();
  const me = useResource(() => api.GET('/me'), key);
  const permissions = useResource(() => api.GET('/me/permissions'), key);
  return (
    <AccountPage title={own.title} area="access">
      <Loaded resource={me}>
        {(user) => (
          <Loaded resource={permissions}>
            {(data) => (
              <>
                <Level user={user} permissions={data} />
                {data.access2 !== null && <Raise hasSecondFactor={user.secondFactor} />}
                <Operations permissions={data.permissions} />
              </>
            )}
          </Loaded>
        )}
      </Loaded>
    </AccountPage>
  );
}

interface LevelProps {
  readonly user: components['schemas']['User'];
  readonly permissions: Permissions;
}

function Level({ user, permissions: { access, cap, acr, authenticatedAt } }: LevelProps) {
  const { accessName, accessUntil, permanentAccess } = user;
  return (
    <>
      <dl class="facts">
        <dt>{own.level}</dt>
        <dd>
          <bdi class="badge">{accessName}</bdi> {access}
        </dd>
        <dt>{own.until}</dt>
        <dd>{accessUntil === null ? own.forever : <Time at={accessUntil} />}</dd>
        {accessUntil !== null && (
          <>
            <dt>{own.after}</dt>
            <dd>{permanentAccess}</dd>
          </>
        )}
        <dt>{own.factors}</dt>
        <dd>{acr === '2' ? own.twoFactors : own.oneFactor}</dd>
        {authenticatedAt !== null && (
          <>
            <dt>{own.signedIn}</dt>
            <dd>
              <Time at={authenticatedAt} />
            </dd>
          </>
        )}
      </dl>
      {cap !== null && <Notice>{own.cap(cap)}</Notice>}
    </>
  );
}

function Raise({ hasSecondFactor }: { readonly hasSecondFactor: boolean }) {
  return (
    <Notice>
      <p>{own.raise}</p>
      {hasSecondFactor ? (
        <button
          type="button"
          class="button primary"
          onClick={() => void askToProve({ slug: 'two-factors-required' })}
        >
          {own.prove}
        </button>
      ) : (
        <Link to="app" class="button primary">
          {own.setUp}
        </Link>
      )}
    </Notice>
  );
}

function Operations({ permissions }: Pick<Permissions, 'permissions'>) {
  const guarded = permissions.filter(({ minimum }) => minimum !== null);
  return (
    <>
      <Group title={own.allowed} operations={guarded.filter(({ allowed }) => allowed)} />
      <Group title={own.bySecondFactor} operations={guarded.filter(({ secondFactor }) => secondFactor)} />
      <Group
        title={own.denied}
        operations={guarded.filter(({ allowed, secondFactor }) => !allowed && !secondFactor)}
      />
    </>
  );
}

function Group({ title, operations }: { readonly title: string; readonly operations: readonly Operation[] }) {
  if (operations.length === 0) return null;
  return (
    <details class="group">
      <summary>
        {title} ({operations.length})
      </summary>
      <ul class="operations">
        {operations.map(({ operationId, method, path, minimum }) => (
          <li key={`${method} ${path}`}>
            {toWords(operationId)}
            <code>
              {method} {path}
            </code>
            <span class="muted">
              {own.minimum} {minimum}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
