import { AccountPage } from '../../components/account-page.tsx';
import { ApiKeys as Keys } from '../../components/api-keys/api-keys.tsx';
import { Limits } from '../../components/api-keys/limits.tsx';
import { callableBy, type KeyChoices, type KeyOwner } from '../../components/api-keys/owner.ts';
import { useCan } from '../../lib/can.ts';
import { type Grants, useGrants } from '../../lib/grants.ts';
import { useResource } from '../../lib/resource.ts';
import { Link } from '../../router.tsx';
import { api } from '../../session.ts';
import { apiKeyTexts as own } from '../../texts/api-keys.ts';

const owner: KeyOwner = {
  kind: 'person',
  list: () => api.GET('/me/api-keys'),
  make: (body) => api.POST('/me/api-keys', { body }),
  end: (id) => api.DELETE('/me/api-keys/{id}', { params: { path: { id } } }),
};

/** One's own API keys. */
export function ApiKeys() {
  const { can } = useCan();
  const keys = useResource(owner.list);
  const grants = useGrants();
  const choices = can('createApiKey') && grants.data !== undefined ? choicesOf(grants.data) : undefined;
  return (
    <AccountPage title={own.title} area="security">
      <p>{own.explain}</p>
      <Keys owner={owner} keys={keys} choices={choices} mayEnd />
      <Limits kind="person" />
      <nav class="links">
        <Link to="security">{own.back}</Link>
      </nav>
    </AccountPage>
  );
}

/** A person's key stays below the levels that ask for a second factor. */
function choicesOf({ levels, adminAccess, operations }: Grants): KeyChoices {
  const open = levels.filter(({ secondFactor }) => !secondFactor);
  return {
    levels: open,
    hint: open.length === levels.length ? own.accessHint : own.accessHintFactors,
    adminAccess,
    operations: callableBy('person', operations),
  };
}
