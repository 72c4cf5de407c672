import type { paths } from '@latchkey/client';
import { api } from '../session.ts';
import { type Resource, useResource } from './resource.ts';

/** What the service says of itself: whether one may register, and what a password needs. */
export type Settings = paths['/']['get']['responses'][200]['content']['application/json']['settings'];

let known: Settings | undefined;

/** Returns the settings of the service, which are loaded once. */
export function useSettings(): Resource<Settings> {
  const resource = useResource<Settings>(async () => {
    if (known !== undefined) return { data: known };
    const { data, error } = await api.GET('/');
    known = data?.settings;
    return data === undefined ? { error } : { data: data.settings };
  });
  return known === undefined ? resource : { ...resource, data: known };
}
