import { ALL_OPERATIONS } from './api-key-claims.ts';
import type { Operation } from './plugin.ts';

/**
 * The operations of the feed of revocations and of introspection, which `@latchkey/guard` calls. A key made
 * with `--for-guard` lists them, and nothing else.
 */
export const GUARD_OPERATIONS = ['listRevocations', 'requestIntrospection'] as const;

/** The result of a check of the operations that a key is to list. */
export interface CheckedOperations {
  /** Index and reason of the first one that no key can call. */
  readonly problem?: { readonly index: number; readonly message: string };
  /** True where one of them asks for a recent sign-in, for which the key stands. */
  readonly namesStepUp: boolean;
}

/** Checks operations that a key is to list. */
export function checkOperations(
  names: readonly string[],
  operations: readonly Operation[],
): CheckedOperations {
  let namesStepUp = false;
  for (const [index, name] of names.entries()) {
    if (name === ALL_OPERATIONS) continue;
    const operation = operations.find(({ operationId }) => operationId === name);
    if (operation === undefined && !GUARD_OPERATIONS.some((reserved) => reserved === name))
      return { problem: { index, message: 'is no operation of the service' }, namesStepUp };
    if (operation?.session)
      return { problem: { index, message: 'needs a session: no API key can call it' }, namesStepUp };
    namesStepUp ||= operation?.stepUp === true;
  }
  return { namesStepUp };
}
