import { type components, isProblem, type operations } from '@latchkey/client';
import { useCan } from '../../../lib/can.ts';
import { useFollow } from '../../../lib/follow.ts';
import { type Grants, isAbove } from '../../../lib/grants.ts';
import { type Resource, useResource } from '../../../lib/resource.ts';
import { api, useAuth } from '../../../session.ts';

/** Milliseconds between two looks at the user while the page is visible. */
const FOLLOW_INTERVAL_MS = 5_000;

export type User = components['schemas']['VisibleUser'];

/** What an admin wants a user to be. */
export type Wanted = operations['changeUser']['requestBody']['content']['application/json'];

/** A user, and the tag of what was shown: for `If-Match`. */
export interface Shown {
  readonly user: User;
  readonly etag: string;
}

/** `gone` for a user who is deleted, or never was. */
type Found = Shown | 'gone';

/** Reads a user. An id that is none is answered as that of a user who is not there. */
export async function readUser(id: string): Promise<{ data?: Found; error?: unknown }> {
  const { data, error, response } = await api.GET('/users/{id}', { params: { path: { id } } });
  if (data !== undefined) return { data: { user: data, etag: response.headers.get('etag') ?? '' } };
  const isGone = isProblem(error) && (error.status === 404 || error.slug === 'invalid-request');
  return isGone ? { data: 'gone' } : { error };
}

/** Loads a user, and follows what others change. */
export function useUser(id: string): Resource<Found> {
  const { access, access2, factors } = useAuth();
  const resource = useResource(() => readUser(id), [id, access, access2, factors].join());
  useFollow(resource, FOLLOW_INTERVAL_MS);
  return resource;
}

/** What the reader may do with a user. */
export interface Rights {
  readonly isSelf: boolean;
  /** True for a user who is above an admin: the service refuses every change. */
  readonly isAbove: boolean;
  /** The highest level that the reader may give. */
  readonly highest: number;
  readonly can: (operation: keyof operations) => boolean;
}

/** Tells what the reader may do with a user. */
export function useRights(user: User, grants: Pick<Grants, 'highest'>): Rights {
  const { userId } = useAuth();
  const { can } = useCan();
  const isSelf = user.id === userId;
  const isRefused = can('changeUser') && !isSelf && isAbove(user, grants);
  return {
    isSelf,
    isAbove: isRefused,
    highest: grants.highest,
    can: (operation) => can(operation) && !(isRefused && !READS.has(operation)),
  };
}

const READS: ReadonlySet<keyof operations> = new Set([
  'listUserSessions',
  'listUserAuthenticators',
  'listUserApiKeys',
  'listAuditEvents',
]);
