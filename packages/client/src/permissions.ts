import type { paths } from './schema.ts';
import { type AuthState, isSameState } from './session.ts';

/** The answer of `GET /me/permissions`, or why there is none. */
export interface PermissionsAnswer {
  readonly data?: paths['/me/permissions']['get']['responses'][200]['content']['application/json'];
  readonly error?: unknown;
}

/** The operations that the caller may use, for one level and number of factors of one user. */
export class Permissions {
  readonly #fetch: () => Promise<PermissionsAnswer>;
  readonly #onLoad: () => void;
  /** The state that was asked for last, with the answer; undefined when that failed. */
  #asked: { readonly state: AuthState; readonly answer: Promise<PermissionsAnswer> } | undefined;
  /** The operations that are allowed in this state: none until they are known. */
  #allowed: ReadonlySet<string> = new Set();

  /**
   * @param fetch sends `GET /me/permissions`
   * @param onLoad called when the operations have changed
   */
  constructor(fetch: () => Promise<PermissionsAnswer>, onLoad: () => void) {
    this.#fetch = fetch;
    this.#onLoad = onLoad;
  }

  /** Tells whether an operation is allowed. The first call requests all of them, and says no meanwhile. */
  has(operationId: string, state: AuthState): boolean {
    if (!state.signedIn) return false;
    void this.load(state);
    return this.#allowed.has(operationId);
  }

  /** Requests the operations, unless they are known for this state, or on their way. */
  load(state: AuthState): Promise<PermissionsAnswer> {
    if (this.#asked === undefined || !isSameState(this.#asked.state, state)) {
      this.#allowed = new Set();
      this.#asked = { state, answer: this.#load(state) };
    }
    return this.#asked.answer;
  }

  async #load(state: AuthState): Promise<PermissionsAnswer> {
    const answer = await this.#fetch().catch((error: unknown): PermissionsAnswer => ({ error }));
    const { data } = answer;
    // Another state may have been asked for meanwhile.
    if (this.#asked?.state !== state) return answer;
    if (data === undefined) this.#asked = undefined;
    else {
      const allowed = data.permissions.filter(({ allowed }) => allowed);
      this.#allowed = new Set(allowed.map(({ operationId }) => operationId));
      this.#onLoad();
    }
    return answer;
  }
}
