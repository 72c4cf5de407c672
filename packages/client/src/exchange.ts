/**
 * Milliseconds between a refresh that failed and the next one. The service answers a token that was used within
 * the last 10 s with the same successor, so a lost or late answer costs nothing.
 */
const BACKOFF_MS = [500, 1_500, 3_000];

/** Milliseconds without an answer after which the refresh is sent again, while the first may be answered too. */
const PATIENCE_MS = 3_000;

/** Milliseconds until a refresh without an answer has failed. */
const TIMEOUT_MS = 30_000;

/** The statuses of proxies whose service may have got the request. */
const UNKNOWN_STATUSES: ReadonlySet<number> = new Set([502, 504]);

/** The answer of the service to a refresh. */
export interface ExchangeAnswer {
  readonly response: Response;
  readonly text: string;
}

/** A refresh that failed, but did not sign out: the service is away, busy, or refuses for now. */
export class RefreshError extends Error {
  override name = 'RefreshError';
  /** The answer of the service to the refresh. */
  readonly response: Response;

  constructor(response: Response) {
    super(`The access token could not be refreshed: ${response.status}`);
    this.response = response;
  }
}

/**
 * Sends a refresh token until the service answers.
 *
 * @param end aborts it
 * @throws {TypeError} the error of `fetch`, when no attempt was answered
 */
export async function exchange(
  send: (signal: AbortSignal) => Promise<Response>,
  end: AbortSignal,
): Promise<ExchangeAnswer> {
  const abort = new AbortController();
  const stop = () => abort.abort();
  const timer = setTimeout(stop, TIMEOUT_MS);
  end.addEventListener('abort', stop);
  let proxy: ExchangeAnswer | undefined;
  const attempt = async () => {
    const response = await send(abort.signal);
    const answer = { response, text: await response.text() };
    if (!UNKNOWN_STATUSES.has(response.status)) return answer;
    proxy = answer;
    throw new TypeError(`The answer to the refresh is ${response.status}`);
  };
  try {
    return await attempts(attempt, abort.signal);
  } catch (error) {
    if (proxy !== undefined) return proxy;
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    clearTimeout(timer);
    end.removeEventListener('abort', stop);
    abort.abort();
  }
}

/** Starts the next attempt when all before have failed, or have no answer yet. The first answer counts. */
async function attempts<Answer>(attempt: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const sent: Promise<Answer>[] = [];
  for (const backoff of BACKOFF_MS) {
    sent.push(attempt());
    const any = Promise.any(sent);
    const failed = await Promise.race([
      any.then(
        () => false,
        () => true,
      ),
      pause(PATIENCE_MS, signal).then(() => undefined),
    ]);
    if (failed === false || signal.aborted) return any;
    if (failed) await pause(backoff, signal);
  }
  return Promise.any([...sent, attempt()]);
}

/** Waits, or until the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
