/** The client of the service, which all pages share. No other file makes one, and none calls `fetch`. */
import { type AuthState, createClient } from '@latchkey/client';
import { reach } from './lib/reach.ts';
import { askToProve } from './lib/step-up.ts';
import { useStore } from './lib/store.ts';

/** Milliseconds between two looks at one's own access while a page is visible. */
const WATCH_INTERVAL_MS = 2_000;

/** Milliseconds after which a read or a sign-out without an answer has failed. */
const TIMEOUT_MS = 10_000;

/** The URL of the service: the pages are at `ui/` below it. */
export const serviceUrl = new URL('..', document.baseURI).href.replace(/\/$/, '');

/**
 * The refresh token is in a cookie that no script can read, and the access token in the memory of the page:
 * docs/guides/browser-sessions.md.
 */
export const auth = createClient({
  baseUrl: serviceUrl,
  session: 'cookie',
  storageKey: 'latchkey-pages',
  // The request waits while the dialog is open.
  reauthenticate: askToProve,
  fetch: fetchInTime,
});

/**
 * Gives up a read without an answer, which a network that loses packets would leave open for minutes. A
 * change is waited for, because it may have been made.
 */
function fetchInTime(request: Request): Promise<Response> {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  // biome-ignore lint/style/noRestrictedGlobals: it is the client that sends the request.
  return fetch(request, isRead ? { signal: firstOf(request.signal, AbortSignal.timeout(TIMEOUT_MS)) } : {});
}

/** Aborts with the first of some signals. The oldest browsers of the pages have no `AbortSignal.any`. */
function firstOf(...signals: readonly AbortSignal[]): AbortSignal {
  const first = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) first.abort(signal.reason);
    signal.addEventListener('abort', () => first.abort(signal.reason), { once: true });
  }
  return first.signal;
}

/** All operations of the service, typed by path. */
export const { api } = auth;

let isSigningOut = false;

/** Tells whether the session ends because the reader asked for it. */
export const isLeaving = (): boolean => isSigningOut;

/** Signs out in all tabs. @returns false when the service did not confirm it */
export async function signOut(): Promise<boolean> {
  isSigningOut = true;
  const isConfirmed = await Promise.race([auth.signOut(), notInTime()]);
  isSigningOut = false;
  return isConfirmed;
}

const notInTime = () =>
  new Promise<false>((resolve) => {
    setTimeout(() => resolve(false), TIMEOUT_MS);
  });

/** The sign-in, as components watch it. */
export const useAuth = (): AuthState => useStore({ get: getState, subscribe });

const getState = () => auth.state;
const subscribe = (listener: () => void) => auth.onChange(listener);

/**
 * Asks for one's own access every two seconds while the page is visible, and at once when it gets the focus:
 * a change by an admin shows in an open page, and so does a service that is away. It answers this without
 * asking its database, but not for long when that is away.
 */
export function watchAccess(): () => void {
  let isLooking = false;
  const look = async () => {
    if (isLooking || document.visibilityState !== 'visible') return;
    // Without a session, a look only finds out that the service is back.
    if (!auth.state.signedIn && reach.get()) return;
    isLooking = true;
    try {
      // The client does what is to do: it gets new tokens, or it signs out.
      const { status } = await auth.fetch(`${serviceUrl}/me/permissions`, { method: 'HEAD' });
      reach.set(status < 500);
    } catch {
      reach.set(false);
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(look, WATCH_INTERVAL_MS);
  addEventListener('focus', look);
  return () => {
    clearInterval(timer);
    removeEventListener('focus', look);
  };
}
