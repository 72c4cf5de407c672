import { type AuthState, isSameState } from './session.ts';

/** The operations that the caller may use, for one level and number of factors of one user. */
export class Permissions {
  readonly #fetch: () => Promise<readonly string[] | undefined>;
  readonly #onLoad: () => void;
  /** The state that the operations belong to. */
  #loadedFor: AuthState | undefined;
  #allowed: ReadonlySet<string> = new Set();
  #loading: Promise<void> | undefined;

  /**
   * @param fetch requests the ids of the allowed operations; undefined when that failed
   * @param onLoad called when the operations have changed
   */
  constructor(fetch: () => Promise<readonly string[] | undefined>, onLoad: () => void) {
    this.#fetch = fetch;
    this.#onLoad = onLoad;
  }

  /** Tells whether an operation is allowed. The first call requests all of them, and says no meanwhile. */
  has(operationId: string, state: AuthState): boolean {
    if (!state.signedIn) return false;
    if (isSame(this.#loadedFor, state)) return this.#allowed.has(operationId);
    void this.load(state);
    return false;
  }

  /** Requests the operations, unless they are known for this state. */
  load(state: AuthState): Promise<void> {
    if (!state.signedIn || isSame(this.#loadedFor, state)) return Promise.resolve();
    this.#loading ??= this.#load(state).finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(state: AuthState): Promise<void> {
    const allowed = await this.#fetch().catch(() => undefined);
    if (allowed === undefined) return;
    this.#allowed = new Set(allowed);
    this.#loadedFor = state;
    this.#onLoad();
  }
}

function isSame(loadedFor: AuthState | undefined, state: AuthState): boolean {
  return loadedFor !== undefined && isSameState(loadedFor, state);
}
