import createApi, { type Client as Api } from 'openapi-fetch';
import { authorizedFetch, type Reauthenticate } from './authorized-fetch.ts';
import { page } from './environment.ts';
import { mailCodeMembers } from './mail-codes.ts';
import { passkeyMembers } from './passkeys.ts';
import { Permissions, type PermissionsAnswer } from './permissions.ts';
import { type Body, ISSUING } from './requests.ts';
import type { operations, paths } from './schema.ts';
import { type AuthState, parseIssued, sessionOf } from './session.ts';
import { Sessions } from './sessions.ts';
import type { SignInParts } from './sign-in-parts.ts';
import { defaultStorage, memoryStorage, sessionStore, type TokenStorage } from './storage.ts';
import { connectTabs } from './tabs.ts';

export interface ClientOptions {
  /** The URL of the service; a path is enough in a page of the same origin. */
  readonly baseUrl: string;
  /**
   * `cookie` in a page of the same origin as the service: the browser keeps the refresh token in a cookie that
   * no script can read, and the access token stays in memory. `tokens`, the default, keeps both in `storage`.
   */
  readonly session?: 'tokens' | 'cookie';
  /** Where the tokens are kept: by default `localStorage`, or memory where there is none. */
  readonly storage?: TokenStorage;
  /** The key in the storage, and the name of the channel between tabs; `latchkey` by default. */
  readonly storageKey?: string;
  /**
   * Called when a request needs a more recent sign-in, or a second factor: the problem tells which. Ask for it
   * and call `reauthenticate` of the client; the request waits, and is then sent again.
   */
  readonly reauthenticate?: Reauthenticate;
  /** The `fetch` to use in place of the global one. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** The id of an operation: of the service, or of the app that embeds it. */
export type OperationId = keyof operations | (string & {});

export type Client = ReturnType<typeof createClient>;

/**
 * Makes a client of the service.
 *
 * @example
 * const auth = createClient({ baseUrl: 'https://auth.example.com' });
 * await auth.signIn({ email, password });
 * const { data, error } = await auth.api.GET('/users', { params: { query: { q: 'ada' } } });
 */
export function createClient(options: ClientOptions) {
  const { baseUrl, storageKey = 'latchkey' } = options;
  const isInCookie = options.session === 'cookie';
  const storage = isInCookie ? memoryStorage() : (options.storage ?? defaultStorage());
  const plainFetch = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const listeners = new Set<(state: AuthState) => void>();
  let snapshot: AuthState | undefined;

  const notify = () => {
    snapshot = { ...sessions.state };
    for (const listener of [...listeners]) listener(snapshot);
  };
  const sessions = new Sessions({
    store: sessionStore(storage, storageKey),
    isInCookie,
    // A page that is left while it refreshes still gets its next cookie, or the one of before would be used twice.
    refresh: (refreshToken, signal) =>
      plainFetch(jsonRequest(`${root}/refresh`, isInCookie ? {} : { refreshToken }, signal, isInCookie)),
    onState: notify,
    onWrite: (session) => tabs.wrote(session),
  });
  const tabs = connectTabs(storageKey, sessions, isInCookie);

  const root = baseUrl.replace(/\/$/, '');
  const origin = new URL(`${root}/`, page()?.baseURI).href;
  const authorized = authorizedFetch({
    sessions,
    fetch: plainFetch,
    isOurs: (url) => url.startsWith(origin),
    reauthenticate: options.reauthenticate,
  });
  const ready = (isInCookie ? sessions.fresh().catch(() => null) : sessions.read()).then(() => {});
  const send = async (request: Request) => {
    await ready;
    return authorized(request);
  };
  const api: Api<paths> = createApi<paths>({ baseUrl: root, fetch: send });
  api.use({
    async onResponse({ schemaPath, response }) {
      if (!response.ok || !ISSUING.has(schemaPath)) return;
      // The refresh token is the one in the storage: another tab may have rotated it meanwhile.
      const session = parseIssued(await response.clone().text(), await sessions.read());
      if (session !== undefined) await sessions.write(session);
    },
  });
  const permissions = new Permissions(() => api.GET('/me/permissions'), notify);
  const takeOver: SignInParts['takeOver'] = async (result) => {
    if (result.data !== undefined) {
      await sessions.write(sessionOf(result.data, result.data.refreshToken ?? ''));
      tabs.signedIn();
    }
    return result;
  };
  const kind: SignInParts['kind'] = isInCookie ? { session: 'cookie' } : {};
  const isSignedIn = () => sessions.current !== null;
  const parts: SignInParts = { ready, api, fetch: plainFetch, kind, takeOver, isSignedIn };

  return {
    /** All operations of the service, typed by path. */
    api,
    /** A `fetch` with the access token, for other routes below the same URL. */
    fetch: (input: string | URL | Request, init?: RequestInit) => send(new Request(input, init)),
    /** Resolves when the tokens in the storage have been read, or the cookie's session is known. */
    ready,
    /** The sign-in: the same object until something changes. */
    get state(): AuthState {
      snapshot ??= { ...sessions.state };
      return snapshot;
    },

    /** Signs in. @returns `error` with the problem when it is refused */
    async signIn(credentials: Omit<Body<'signIn'>, 'session'>) {
      await ready;
      const body = { ...credentials, ...kind };
      return takeOver(await api.POST('/login', { body, fetch: plainFetch }));
    },

    /** Ends a sign-in that was answered with `second-factor-required`. @returns `error` as `signIn` */
    async provideSecondFactor(body: Body<'provideSecondFactor'>) {
      await ready;
      return takeOver(await api.POST('/login/second-factor', { body, fetch: plainFetch }));
    },

    ...passkeyMembers(parts),
    ...mailCodeMembers(parts),

    /**
     * Signs out here and in all tabs at once, then at the service.
     *
     * @returns false when the service did not confirm it: the session ends there when it expires
     */
    async signOut(): Promise<boolean> {
      await ready;
      const session = await sessions.read();
      await sessions.write(null);
      if (session === null && !isInCookie) return true;
      const body = isInCookie ? {} : { refreshToken: session?.refreshToken ?? '' };
      // The session of this tab may not be the one of the cookie any more: both end.
      const headers = { authorization: `Bearer ${session?.accessToken ?? ''}` };
      return api.POST('/logout', { body, ...(isInCookie && session && { headers }), fetch: plainFetch }).then(
        // Without a session, there is nothing to end.
        ({ response }) => response.ok || (isInCookie && response.status === 401),
        () => false,
      );
    },

    /** Proves once more who the user is, for requests that need a recent sign-in or a second factor. */
    reauthenticate: (body: Body<'renewAuthentication'>) => api.POST('/me/reauthenticate', { body }),

    /**
     * Tells whether the user may use an operation, by `GET /me/permissions`, which the first call requests.
     * Until it is answered, this is false; then the listeners of `onChange` are called.
     */
    can: (operationId: OperationId): boolean => permissions.has(operationId, sessions.state),
    /** Requests what `can` needs, unless it is known. @returns the answer of `GET /me/permissions`, or `error` */
    async loadPermissions(): Promise<PermissionsAnswer> {
      await ready;
      return permissions.load(sessions.state);
    },

    /** Calls a listener when the user, the access level or the permissions change. @returns stops it */
    onChange(listener: (state: AuthState) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    /** Removes all listeners, timers and channels. The user stays signed in. */
    dispose(): void {
      tabs.close();
      listeners.clear();
      sessions.dispose();
    },
  };
}

function jsonRequest(url: string, body: unknown, signal: AbortSignal, keepalive: boolean): Request {
  const headers = { 'content-type': 'application/json' };
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(body), signal, keepalive });
}
