import { onStorage, openChannel, page } from './environment.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** The messages to the other tabs: the user has signed out, or in; or the storage has changed. */
const SIGNED_OUT = 'signed-out';
const SIGNED_IN = 'signed-in';
const CHANGED = null;

export interface Tabs {
  /** Tells the other tabs that this one has written a session; null when it has signed out. */
  wrote(session: Session | null): void;
  /** Tells the other tabs that the user has signed in. */
  signedIn(): void;
  close(): void;
}

/**
 * Keeps the tabs of a browser at the same sign-in. With a session in a cookie, each has an access token of its
 * own, and only a sign-in or a sign-out concerns the others.
 *
 * @param key the name of the channel
 */
export function connectTabs(key: string, sessions: Sessions, isInCookie: boolean): Tabs {
  const end = new AbortController();
  // A message may come before the change of the storage can be read, and the event of the storage after it.
  const reread = () => void sessions.read();
  const channel = openChannel(key, (message) => {
    if (message === SIGNED_OUT) sessions.end();
    else if (isInCookie) sessions.replace();
    else reread();
  });
  if (!isInCookie) onStorage(reread, end.signal);
  page()?.addEventListener(
    'visibilitychange',
    () => {
      if (page()?.visibilityState === 'visible')
        void sessions.read().then(() => sessions.fresh().catch(() => {}));
    },
    { signal: end.signal },
  );
  return {
    wrote: (session) => {
      if (session === null) channel?.postMessage(SIGNED_OUT);
      else if (!isInCookie) channel?.postMessage(CHANGED);
    },
    signedIn: () => {
      if (isInCookie) channel?.postMessage(SIGNED_IN);
    },
    close: () => {
      end.abort();
      channel?.close();
    },
  };
}
