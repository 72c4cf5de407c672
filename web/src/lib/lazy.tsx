import type { ComponentType } from 'preact';
import { Failed, Loading } from '../components/states.tsx';
import { useResource } from './resource.ts';

/** Makes a page of a file that is loaded when the page is opened. */
export function lazy(load: () => Promise<ComponentType>): ComponentType {
  return function Lazy() {
    const { data, error, reload } = useResource(async () => ({ data: { Page: await load() } }));
    if (data !== undefined) return <data.Page />;
    return error === undefined ? <Loading /> : <Failed error={error} retry={reload} />;
  };
}
