import { type Access, levelName, useLevels as useLevelList } from '../../../lib/levels.ts';
import type { User } from './person.ts';

/** The levels of the service. */
export interface Levels {
  /** Numbers with their names, lowest first; empty until they are loaded. */
  readonly all: readonly (readonly [level: Access, name: string])[];
  /** Returns the name of a level; its number where it has none. */
  readonly nameOf: (level: number) => string;
  /** True until they are loaded, or could not be. */
  readonly isPending: boolean;
  /** Why they could not be loaded, with the way to try again. */
  readonly failed: { readonly error: unknown; readonly retry: () => void } | undefined;
}

/** Loads the levels, with the names that the service has for them. */
export function useLevels(): Levels {
  const { data, error, reload } = useLevelList();
  const all = (data ?? []).map(({ access, accessName }) => [access, accessName] as const);
  return {
    all,
    nameOf: (level) => levelName(level, data ?? []),
    isPending: data === undefined && error === undefined,
    failed: data === undefined && error !== undefined ? { error, retry: reload } : undefined,
  };
}

/** Finds the level that a user has without a time limit, to set it. */
export function permanentLevelOf({ permanentAccess }: User, { all }: Levels): Access | undefined {
  return all.find(([level]) => level === permanentAccess)?.[0];
}
