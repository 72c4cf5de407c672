import type { operations, paths } from '@latchkey/client';
import { auth } from '../session.ts';
import { type Resource, useResource } from './resource.ts';

type Permissions = paths['/me/permissions']['get']['responses'][200]['content']['application/json'];
type ToldLevel = Permissions['levels'][number];

/** A level as requests name it. The contract lists those of a Latchkey that declares no others. */
export type Access = NonNullable<NonNullable<operations['listUsers']['parameters']['query']>['access']>;

/** An access level of the service. */
export interface Level extends ToldLevel {
  readonly access: Access;
}

let known: readonly Level[] | undefined;

/** Returns the levels that are declared, lowest first. They are loaded once. */
export function useLevels(): Resource<readonly Level[]> {
  const resource = useResource<readonly Level[]>(async () => {
    if (known !== undefined) return { data: known };
    const { data, error } = await auth.loadPermissions();
    known = data && toLevels(data);
    return known === undefined ? { error } : { data: known };
  });
  return known === undefined ? resource : { ...resource, data: known };
}

/** Returns the levels of an answer, lowest first. */
export function toLevels({ levels }: Permissions): Level[] {
  return levels.filter((level) => isLevel(level));
}

/** Returns the name of a level; its number where it has none. */
export function levelName(access: number, levels: readonly Level[]): string {
  return levels.find((one) => one.access === access)?.accessName ?? String(access);
}

/** Names a level: `admin (2)`, or its number where it has no name. */
export function describeLevel(access: number, levels: readonly Level[] = []): string {
  const level = levels.find((one) => one.access === access);
  return level === undefined ? String(access) : `${level.accessName} (${access})`;
}

/**
 * Reads a level from a choice or an address. The service says whether there is one.
 *
 * @returns undefined for none
 */
export function toAccess(text: string): Access | undefined {
  const number = text === '' ? Number.NaN : Number(text);
  return isAccess(number) ? number : undefined;
}

function isAccess(number: number): number is Access {
  return Number.isInteger(number) && number >= 0;
}

function isLevel(level: ToldLevel): level is Level {
  return isAccess(level.access);
}
