import createApi, { type Client as Api } from 'openapi-fetch';
import { authorizedFetch, type Reauthenticate } from './authorized-fetch.ts';
import { onStorage, openChannel, page } from './environment.ts';
import { Permissions } from './permissions.ts';
import type { operations, paths } from './schema.ts';
import { type AuthState, parseIssued, sessionOf } from './session.ts';
import { Sessions } from './sessions.ts';
import { defaultStorage, type TokenStorage } from './storage.ts';

export interface ClientOptions {
  /** The URL of the service; a path is enough in a page of the same origin. */
  readonly baseUrl: string;
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

type Body<Id extends keyof operations> = operations[Id] extends {
  requestBody: { content: { 'application/json': infer Json } };
}
  ? Json
  : never;

/** The id of an operation: of the service, or of the app that embeds it. */
export type OperationId = keyof operations | (string & {});

export type Client = ReturnType<typeof createClient>;

/** The requests whose answers have new tokens of the session: they replace those of before. */
const ISSUING: ReadonlySet<string> = new Set<keyof paths>([
  '/me/password',
  '/me/reauthenticate',
  '/me/totp',
  '/me/totp/confirm',
]);

/** The message to the other tabs when the user has signed out. */
const SIGNED_OUT = 'signed-out';

/**
 * Makes a client of the service.
 *
 * @example
 * const auth = createClient({ baseUrl: 'https://auth.example.com' });
 * await auth.signIn({ email, password });
 * const { data, error } = await auth.api.GET('/users', { params: { query: { q: 'ada' } } });
 */
export function createClient(options: ClientOptions) {
  const { baseUrl, storage = defaultStorage(), storageKey = 'latchkey' } = options;
  const plainFetch = options.fetch ?? ((request: Request) => globalThis.fetch(request));
  const listeners = new Set<(state: AuthState) => void>();
  const end = new AbortController();
  let snapshot: AuthState | undefined;

  const notify = () => {
    snapshot = { ...sessions.state };
    for (const listener of [...listeners]) listener(snapshot);
  };
  const sessions = new Sessions({
    storage,
    key: storageKey,
    refresh: (refreshToken, signal) => plainFetch(jsonRequest(`${root}/refresh`, { refreshToken }, signal)),
    onState: notify,
    onWrite: (session) => channel?.postMessage(session === null ? SIGNED_OUT : null),
  });

  const root = baseUrl.replace(/\/$/, '');
  const origin = new URL(`${root}/`, page()?.baseURI).href;
  const authorized = authorizedFetch({
    sessions,
    fetch: plainFetch,
    isOurs: (url) => url.startsWith(origin),
    reauthenticate: options.reauthenticate,
  });
  const ready = sessions.read().then(() => {});
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
  const permissions = new Permissions(async () => {
    const { data } = await api.GET('/me/permissions');
    return data?.permissions.flatMap(({ operationId, allowed }) => (allowed ? operationId : []));
  }, notify);

  // A message may come before the change of the storage can be read, and the event of the storage after it.
  const reread = () => void sessions.read();
  const channel = openChannel(storageKey, (data) => (data === SIGNED_OUT ? sessions.end() : reread()));
  onStorage(reread, end.signal);
  page()?.addEventListener(
    'visibilitychange',
    () => {
      if (page()?.visibilityState === 'visible')
        void sessions.read().then(() => sessions.fresh().catch(() => {}));
    },
    { signal: end.signal },
  );

  return {
    /** All operations of the service, typed by path. */
    api,
    /** A `fetch` with the access token, for other routes below the same URL. */
    fetch: (input: string | URL | Request, init?: RequestInit) => send(new Request(input, init)),
    /** Resolves when the tokens in the storage have been read. */
    ready,
    /** The sign-in: the same object until something changes. */
    get state(): AuthState {
      snapshot ??= { ...sessions.state };
      return snapshot;
    },

    /** Signs in. @returns `error` with the problem when it is refused */
    async signIn(body: Body<'signIn'>) {
      await ready;
      const result = await api.POST('/login', { body, fetch: plainFetch });
      if (result.data !== undefined) await sessions.write(sessionOf(result.data, result.data.refreshToken));
      return result;
    },

    /** Ends a sign-in that was answered with `second-factor-required`. @returns `error` as `signIn` */
    async provideSecondFactor(body: Body<'provideSecondFactor'>) {
      await ready;
      const result = await api.POST('/login/second-factor', { body, fetch: plainFetch });
      if (result.data !== undefined) await sessions.write(sessionOf(result.data, result.data.refreshToken));
      return result;
    },

    /**
     * Signs out here and in all tabs at once, then at the service.
     *
     * @returns false when the service did not confirm it: the session ends there when it expires
     */
    async signOut(): Promise<boolean> {
      await ready;
      const session = await sessions.read();
      await sessions.write(null);
      if (session === null) return true;
      const body = { refreshToken: session.refreshToken };
      return api.POST('/logout', { body, fetch: plainFetch }).then(
        ({ response }) => response.ok,
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
    /** Requests what `can` needs. */
    async loadPermissions(): Promise<void> {
      await ready;
      await permissions.load(sessions.state);
    },

    /** Calls a listener when the user, the access level or the permissions change. @returns stops it */
    onChange(listener: (state: AuthState) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    /** Removes all listeners, timers and channels. The user stays signed in. */
    dispose(): void {
      end.abort();
      channel?.close();
      listeners.clear();
      sessions.dispose();
    },
  };
}

function jsonRequest(url: string, body: unknown, signal: AbortSignal): Request {
  const headers = { 'content-type': 'application/json' };
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
}
