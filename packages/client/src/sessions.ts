import { page, unref } from './environment.ts';
import { exchange, RefreshError } from './exchange.ts';
import { isProblem } from './problems.ts';
import { type AuthState, isSameState, parseJson, parsePair, type Session, stateOf } from './session.ts';
import type { SessionStore } from './storage.ts';

/** Milliseconds between two early refreshes when the first has failed: the token is still good. */
const EARLY_RETRY_MS = 10_000;

export interface SessionsOptions {
  readonly store: SessionStore;
  /** True when the refresh token is in a cookie. Then the store is of this tab alone. */
  readonly isInCookie: boolean;
  /** Sends `POST /refresh`. */
  readonly refresh: (refreshToken: string, signal: AbortSignal) => Promise<Response>;
  readonly onState: (state: AuthState) => void;
  /** Called after each change that other tabs have to read. */
  readonly onWrite: (session: Session | null) => void;
}

/**
 * The tokens of one tab, and those in the storage that all tabs share. There is no lock between tabs: the
 * service gives two of them the same successor. A result is dropped when the storage has changed meanwhile.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #end = new AbortController();
  #session: Session | null = null;
  #state = stateOf(null);
  #refreshing: Promise<Session | null> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** An access token that the service refused. */
  #refused: string | undefined;
  #nextEarlyRefresh = 0;
  /** The number of times that another tab has signed out or in. */
  #ends = 0;
  /** True until the service has said whether the browser's cookie has a session. */
  #isUnknown: boolean;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#isUnknown = options.isInCookie;
  }

  get state(): AuthState {
    return this.#state;
  }

  get current(): Session | null {
    return this.#session;
  }

  /** Takes over the session in the storage, which another tab may have changed. */
  async read(): Promise<Session | null> {
    const session = await this.#options.store.read();
    this.#adopt(session);
    return session;
  }

  /** Stores a session; null signs out. */
  async write(session: Session | null): Promise<void> {
    const { store, onWrite } = this.#options;
    this.#isUnknown = false;
    this.#adopt(session);
    await store.write(session);
    onWrite(session);
  }

  /**
   * Returns a session whose access token has not expired. A token that expires soon is used while the next
   * one is on its way.
   *
   * @throws {RefreshError | TypeError} when the token has expired and there is no other
   */
  async fresh(): Promise<Session | null> {
    const session = this.#session;
    if (session === null) return this.#isUnknown ? this.refresh(null) : null;
    const now = Date.now();
    if (this.#isGood(session)) {
      if (now >= session.refreshAt && now >= this.#nextEarlyRefresh) {
        this.#nextEarlyRefresh = now + EARLY_RETRY_MS;
        this.refresh(session).catch(() => {});
      }
      return session;
    }
    return this.refresh(session);
  }

  /** Returns the session after one whose access token the service has refused. */
  async renew(refused: Session): Promise<Session | null> {
    this.#refused = refused.accessToken;
    return this.refresh(refused);
  }

  /** Requests the successor of a session: once, however many requests wait for it. @param old null for none yet */
  refresh(old: Session | null): Promise<Session | null> {
    if (!isSame(this.#session, old)) return Promise.resolve(this.#session);
    if (this.#refreshing !== undefined) return this.#refreshing;
    const refreshing = this.#refresh(old)
      .catch((error: unknown) => {
        this.#nextEarlyRefresh = Date.now() + EARLY_RETRY_MS;
        throw error;
      })
      .finally(() => {
        if (this.#refreshing === refreshing) this.#refreshing = undefined;
      });
    this.#refreshing = refreshing;
    return refreshing;
  }

  /** Ends the session because another tab has signed out, although the storage may not show it yet. */
  end(): void {
    const { store, isInCookie } = this.#options;
    this.#ends++;
    this.#isUnknown = false;
    // No other tab has removed it from a store of this tab alone.
    if (isInCookie) void store.write(null);
    this.#adopt(null);
  }

  /** Requests the session of the browser's cookie, because another tab has signed in and replaced it. */
  replace(): void {
    this.#ends++;
    this.#isUnknown = true;
    this.#refused = this.#session?.accessToken;
    this.#refreshing = undefined;
    this.refresh(this.#session).catch(() => {});
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#end.abort();
  }

  async #refresh(old: Session | null): Promise<Session | null> {
    const ends = this.#ends;
    const used = await this.read();
    if (!isSame(used, old) || (used === null && !this.#isUnknown)) return used;
    const { response, text } = await exchange(
      (signal) => this.#options.refresh(used?.refreshToken ?? '', signal),
      this.#end.signal,
    );
    // Signed out or in, or another tab was first: its tokens count.
    if (ends !== this.#ends) return this.fresh();
    const next = response.ok ? parsePair(text, this.#options.isInCookie) : undefined;
    const present = await this.#options.store.read();
    if (!isSame(present, used)) {
      // A request that issues access tokens alone was first: the refresh token that it left is used now.
      if (next !== undefined && present !== null && present.refreshToken === used?.refreshToken)
        await this.write({ ...present, refreshToken: next.refreshToken });
      return this.read();
    }
    if (next !== undefined) {
      await this.write(next);
      return next;
    }
    if (isProblem(parseJson(text), 'invalid-refresh-token')) {
      this.#isUnknown = false;
      if (used === null || this.#isGood(used)) return used;
      await this.write(null);
      return null;
    }
    throw new RefreshError(new Response(text, { status: response.status, headers: response.headers }));
  }

  /** Tells whether the service accepts an access token, as far as is known. */
  #isGood({ accessToken, expiresAt }: Session): boolean {
    return accessToken !== this.#refused && Date.now() < expiresAt;
  }

  #adopt(session: Session | null): void {
    this.#session = session;
    this.#schedule();
    const state = stateOf(session);
    if (isSameState(state, this.#state)) return;
    this.#state = state;
    this.#options.onState(state);
  }

  /** Refreshes by a timer too, so that the state of an open page does not become stale. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#session === null || this.#end.signal.aborted) return;
    const delay = Math.max(this.#session.refreshAt, this.#nextEarlyRefresh) - Date.now();
    this.#timer = setTimeout(() => void this.#onTimer(), Math.max(0, delay));
    unref(this.#timer);
  }

  async #onTimer(): Promise<void> {
    // A hidden page refreshes when it is visible again, or with its next request.
    if (page()?.visibilityState === 'hidden') return;
    await this.fresh().catch(() => {});
    this.#schedule();
  }
}

function isSame(one: Session | null, other: Session | null): boolean {
  return one?.accessToken === other?.accessToken;
}
