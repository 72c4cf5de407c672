import type { OperationId } from '@latchkey/client';
import { useRef } from 'preact/hooks';
import { auth, useAuth } from '../session.ts';
import { type Resource, useResource } from './resource.ts';

/** What the reader may do. With an error, it could not be asked for. */
export interface Permitted extends Pick<Resource<unknown>, 'error' | 'reload'> {
  readonly can: (operation: OperationId) => boolean;
  /** False while it is asked for. */
  readonly isKnown: boolean;
}

/**
 * Tells what the reader may do, and asks again when the level or the factors change. Until that is answered,
 * what was known still holds: a dialog stays open while a second factor is proven. The service decides in any
 * case.
 */
export function useCan(): Permitted {
  const { access, access2, factors, userId } = useAuth();
  const key = [access, access2, factors, userId].join();
  const { data, error, reload } = useResource(async () => {
    const { error } = await auth.loadPermissions();
    return error === undefined ? { data: key } : { error };
  }, key);
  const isKnown = data === key;
  const answers = useRef(new Map<OperationId, boolean>());
  const can = (operation: OperationId) => {
    const isAllowed = auth.can(operation);
    if (isKnown || isAllowed) answers.current.set(operation, isAllowed);
    return answers.current.get(operation) ?? false;
  };
  return { can, isKnown, error, reload };
}
