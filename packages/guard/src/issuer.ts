/** Milliseconds after which a request of the guard is given up. */
const TIMEOUT_MS = 3_000;

/**
 * The same of a held request, which is answered after a second. The answer before is trusted for longer: so a
 * process that does not answer, as one that begins or ends, closes no guard where another one does.
 */
const HELD_TIMEOUT_MS = 1_500;

export type Fetch = typeof fetch;

/** An access token or an API key that may read the feed and introspect, or a function that returns one. */
export type Credential = string | (() => string | Promise<string>);

interface Request {
  readonly method?: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Latchkey, as the guard asks it. */
export class Issuer {
  /** As in the tokens: `PUBLIC_URL`, without a slash at its end. */
  readonly url: string;
  readonly #credential: Credential;
  readonly #fetch: Fetch;

  /** @throws {TypeError} when the URL is neither https nor one of this machine */
  constructor(url: string, credential: Credential, fetcher: Fetch) {
    this.url = requireSafe(url);
    this.#credential = credential;
    this.#fetch = fetcher;
  }

  async readFeed(query: URLSearchParams, signal: AbortSignal): Promise<unknown> {
    const headers = await this.#authorize();
    const timeoutMs = query.has('wait') ? HELD_TIMEOUT_MS : TIMEOUT_MS;
    return this.#request(`/revocations?${query}`, { headers, signal, timeoutMs });
  }

  readKeys(): Promise<unknown> {
    // A key set that a cache has kept may lack a key that the feed names.
    return this.#request('/.well-known/jwks.json', { headers: { 'cache-control': 'no-cache' } });
  }

  /** Asks what an API key may do (RFC 7662). */
  async introspect(token: string): Promise<unknown> {
    const headers = await this.#authorize();
    const body = new URLSearchParams({ token, purpose: 'cache' });
    return this.#request('/introspect', { method: 'POST', headers, body });
  }

  async #authorize(): Promise<Record<string, string>> {
    const token = typeof this.#credential === 'string' ? this.#credential : await this.#credential();
    return { authorization: `Bearer ${token}` };
  }

  /** @throws {Error} for every answer but a 200 */
  async #request(path: string, request: Request): Promise<unknown> {
    const { signal, headers, timeoutMs = TIMEOUT_MS, ...init } = request;
    const timeout = AbortSignal.timeout(timeoutMs);
    const answer = await this.#fetch(`${this.url}${path}`, {
      ...init,
      headers: { accept: 'application/json', ...headers },
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (answer.status === 200) return answer.json();
    await answer.body?.cancel();
    const { pathname } = new URL(this.url + path);
    throw new Error(`${init.method ?? 'GET'} ${pathname} was answered with ${answer.status}`);
  }
}

function requireSafe(url: string): string {
  const { protocol, hostname, search, hash } = new URL(url);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback))
    throw new TypeError(`The issuer must be an https URL, but for this machine itself, not ${url}`);
  if (search !== '' || hash !== '' || url.endsWith('/'))
    throw new TypeError(`The issuer is PUBLIC_URL as it is, without a slash at its end, not ${url}`);
  return url;
}
