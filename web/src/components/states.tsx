import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { describeError } from '../lib/problems.ts';
import { isAway, useOutage } from '../lib/reach.ts';
import type { Resource } from '../lib/resource.ts';
import { texts } from '../texts.ts';
import { Notice } from './notice.tsx';

/** Milliseconds after which a load is shown: a short one would only flicker. */
const LOADING_DELAY_MS = 300;

/** Says that something is on its way. */
export function Loading() {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), LOADING_DELAY_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="loading" role="status">
      {isShown && (
        <>
          <span class="spinner" aria-hidden="true" />
          <span>{texts.states.loading}</span>
        </>
      )}
    </div>
  );
}

/** Says that a list has nothing in it. */
export function Empty({ children = texts.states.nothing }: { readonly children?: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Says why something could not be loaded, and offers to try again. */
export function Failed({ error, retry }: { readonly error: unknown; readonly retry: () => void }) {
  return (
    <div role="alert">
      <Notice tone="error">
        <p>{describeError(error)}</p>
        <button type="button" class="button" onClick={retry}>
          {texts.states.retry}
        </button>
      </Notice>
    </div>
  );
}

interface LoadedProps<Data> {
  readonly resource: Resource<Data>;
  readonly children: (data: Data) => ComponentChildren;
}

interface StaleProps {
  readonly resource: Pick<Resource<unknown>, 'error' | 'reload'>;
}

/** Says why data is not newer, and offers to try again. What the banner says already, it does not repeat. */
export function Stale({ resource: { error, reload } }: StaleProps) {
  const outage = useOutage();
  if (error === undefined || (outage !== undefined && isAway(error))) return null;
  return (
    <div role="status">
      <Notice tone="warning">
        <p>{texts.states.stale(describeError(error))}</p>
        <button type="button" class="button" onClick={reload}>
          {texts.states.retry}
        </button>
      </Notice>
    </div>
  );
}

/** Shows what was loaded, and how it stands: until then, or when it could not be loaded again. */
export function Loaded<Data>({ resource, children }: LoadedProps<Data>) {
  const { data, error, reload } = resource;
  if (data !== undefined)
    return (
      <>
        <Stale resource={resource} />
        {children(data)}
      </>
    );
  return error === undefined ? <Loading /> : <Failed error={error} retry={reload} />;
}

/** Says that the device has no network, or that the service does not answer. */
export function OfflineNotice() {
  const outage = useOutage();
  return (
    <div class="banner" role="status">
      {outage !== undefined && <Notice tone="warning">{texts.states[outage]}</Notice>}
    </div>
  );
}
