import { api, auth, useAuth } from '../session.ts';
import { type Level, toLevels } from './levels.ts';
import type { Operation } from './operations.ts';
import { type Resource, useResource } from './resource.ts';

/** What one may give to others and to keys. */
export interface Grants {
  /** The highest level that one may give: that of the session, and never above the permanent one. */
  readonly highest: number;
  /** The levels that one may give, ascending. */
  readonly levels: readonly Level[];
  /** The highest level of the service. */
  readonly adminAccess: number;
  readonly operations: readonly Operation[];
}

/** Tells whether an account is above what one may give: the service refuses every change of it. */
export const isAbove = (
  { access, permanentAccess = access }: { readonly access: number; readonly permanentAccess?: number },
  { highest }: Pick<Grants, 'highest'>,
): boolean => Math.max(access, permanentAccess) > highest;

/** Loads what one may give, again when one's own level changes. The service refuses all above it. */
export function useGrants(): Resource<Grants> {
  const { access, access2, factors } = useAuth();
  return useResource(async () => {
    const [me, permissions] = await Promise.all([api.GET('/me'), auth.loadPermissions()]);
    if (me.data === undefined) return { error: me.error };
    if (permissions.data === undefined) return { error: permissions.error };
    const { permissions: operations, access } = permissions.data;
    const levels = toLevels(permissions.data);
    const highest = Math.min(access, me.data.permanentAccess);
    const given = levels.filter((level) => level.access <= highest);
    return { data: { highest, levels: given, adminAccess: levels.at(-1)?.access ?? 0, operations } };
  }, [access, access2, factors].join());
}
