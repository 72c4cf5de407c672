import { type components, isProblem } from '@latchkey/client';
import { Dialog } from '../../../components/dialog.tsx';
import { Form } from '../../../components/form.tsx';
import { Part } from '../../../components/part.tsx';
import { Empty, Loaded } from '../../../components/states.tsx';
import { type Column, Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { useResource } from '../../../lib/resource.ts';
import { api } from '../../../session.ts';
import { userTexts } from '../../../texts/console/user.ts';
import { Opens, type PartProps } from './opens.tsx';

const own = userTexts.apiKeys;

type ApiKey = components['schemas']['ApiKey'];

/** The API keys of the user, which an admin can take away. */
export function UserApiKeys({ shown, rights, changes, done }: PartProps) {
  const { id } = shown.user;
  const keys = useResource(
    () => api.GET('/users/{id}/api-keys', { params: { path: { id } } }),
    [shown.etag, changes].join(),
  );
  const columns: Column<ApiKey>[] = [
    { title: own.name, cell: ({ name }) => <bdi>{name}</bdi> },
    { title: own.level, cell: ({ accessName }) => <bdi>{accessName}</bdi> },
    {
      title: own.operations,
      cell: ({ operations }) =>
        operations === null || operations.includes('*') ? own.all : operations.join(', '),
    },
    { title: own.expires, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    { title: own.lastUsed, cell: (key) => <LastUsed apiKey={key} /> },
  ];
  if (rights.can('endUserApiKey'))
    columns.push({
      title: own.action,
      cell: ({ id: keyId, name }) => (
        <Opens label={own.take} name={own.takeLabel(name)} done={done}>
          {(end) => <Take id={id} keyId={keyId} name={name} end={end} />}
        </Opens>
      ),
    });
  return (
    <Part title={own.title}>
      <Loaded resource={keys}>
        {({ apiKeys }) =>
          apiKeys.length === 0 ? (
            <Empty>{own.empty}</Empty>
          ) : (
            <Table caption={own.caption} columns={columns} items={apiKeys} keyOf={(key) => key.id} />
          )
        }
      </Loaded>
    </Part>
  );
}

function LastUsed({ apiKey: { lastUsedAt, lastUsedIp } }: { readonly apiKey: ApiKey }) {
  if (lastUsedAt === null) return own.never;
  return (
    <>
      <Time at={lastUsedAt} />
      {lastUsedIp !== null && (
        <>
          {' · '}
          <bdi>{lastUsedIp}</bdi>
        </>
      )}
    </>
  );
}

interface TakeProps {
  readonly id: string;
  readonly keyId: string;
  readonly name: string;
  readonly end: (text?: string) => void;
}

function Take({ id, keyId, name, end }: TakeProps) {
  const send = async () => {
    const path = { id, keyId };
    const result = await api.DELETE('/users/{id}/api-keys/{keyId}', { params: { path } });
    // It may have expired, or its owner has ended it.
    const isTaken = result.error === undefined || isProblem(result.error, 'api-key-not-found');
    if (isTaken) end(own.taken);
    return isTaken ? {} : result;
  };
  return (
    <Dialog title={own.takeTitle} close={end}>
      <p>
        <bdi class="value">{name}</bdi>
      </p>
      <p>{own.takeText}</p>
      <Form submit={own.takeSubmit} tone="danger" send={send} />
    </Dialog>
  );
}
