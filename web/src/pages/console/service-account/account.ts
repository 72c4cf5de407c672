import type { components } from '@latchkey/client';
import { api } from '../../../session.ts';

/** A service account as it was read, with the ETag that changes of it are sent with. */
export interface Account extends Required<Pick<User, 'id' | 'name' | 'access' | 'accessName'>> {
  readonly permanentAccess: number;
  /** When the level falls back to the permanent one; null where it has no time limit. */
  readonly accessUntil: string | null;
  readonly disabled: boolean;
  readonly createdAt: string | undefined;
  readonly updatedAt: string | undefined;
  readonly etag: string;
}

type User = components['schemas']['VisibleUser'];

/** A service account, or that there is none. */
export interface Found {
  readonly account: Account | undefined;
}

/** Loads a service account. @returns none where the id is a person's */
export async function loadAccount(id: string): Promise<{ data?: Found; error?: unknown }> {
  const { data, error, response } = await api.GET('/users/{id}', { params: { path: { id } } });
  if (response.status === 404 || response.status === 400) return { data: { account: undefined } };
  if (data === undefined) return { error };
  return { data: { account: data.kind === 'service' ? toAccount(data, response) : undefined } };
}

function toAccount(user: User, { headers }: Response): Account {
  const { id, name, access, accessName, permanentAccess = access, accessUntil = null } = user;
  const { disabled = false, createdAt, updatedAt } = user;
  const etag = headers.get('etag') ?? '*';
  return { id, name, access, accessName, permanentAccess, accessUntil, disabled, createdAt, updatedAt, etag };
}

/** The members of a change, with the reason for the audit. */
interface Wanted {
  readonly name?: string;
  readonly access?: 0 | 1 | 2;
  readonly disabled?: boolean;
  readonly reason?: string;
}

/** Changes a service account, if it is still as it was read: otherwise the answer is 412. */
export function changeAccount({ id, etag }: Pick<Account, 'id' | 'etag'>, body: Wanted) {
  return api.PATCH('/users/{id}', { params: { path: { id }, header: { 'if-match': etag } }, body });
}
