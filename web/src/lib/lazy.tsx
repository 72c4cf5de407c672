import type { ComponentType } from 'preact';
import { Failed, Loading } from '../components/states.tsx';
import { reach } from './reach.ts';
import { useResource } from './resource.ts';

/**
 * Makes a page of a file that is loaded when the page is opened. After an upgrade of the service, only a
 * page that is loaded again knows the names of the new files.
 */
export function lazy(load: () => Promise<ComponentType>): ComponentType {
  return function Lazy() {
    const { data, error, reload } = useResource(async () => ({ data: { Page: await load() } }));
    if (data !== undefined) return <data.Page />;
    const retry = () => (reach.get() ? location.reload() : reload());
    return error === undefined ? <Loading /> : <Failed error={error} retry={retry} />;
  };
}
