/**
 * When a refresh is sent, in milliseconds after the first time, until one is answered. The service answers a
 * token that was used within the last 10 s with the same successor: a lost or late answer costs nothing.
 */
const ATTEMPTS_MS = [0, 1_000, 3_000, 6_000];

/** Milliseconds until a refresh without an answer has failed. */
const TIMEOUT_MS = 30_000;

/** The statuses of proxies whose service may have got the request. */
const IS_UNKNOWN = new Set([502, 504]);

/** The answer of the service to a refresh. */
export interface ExchangeAnswer {
  readonly response: Response;
  readonly text: string;
}

/**
 * Sends a refresh token until the service answers.
 *
 * @throws {TypeError} the error of `fetch`, when no attempt was answered
 */
export async function exchange(
  send: (signal: AbortSignal) => Promise<Response>,
  end: AbortSignal,
): Promise<ExchangeAnswer> {
  const abort = new AbortController();
  const stop = () => abort.abort(new DOMException('The refresh was not answered in time', 'TimeoutError'));
  const timer = setTimeout(stop, TIMEOUT_MS);
  end.addEventListener('abort', stop);
  let proxy: ExchangeAnswer | undefined;
  try {
    return await Promise.any(
      ATTEMPTS_MS.map(async (delay) => {
        await pause(delay, abort.signal);
        const response = await send(abort.signal);
        const answer = { response, text: await response.text() };
        if (!IS_UNKNOWN.has(response.status)) return answer;
        proxy = answer;
        throw new TypeError(`The answer to the refresh is ${response.status}`);
      }),
    );
  } catch (error) {
    if (proxy !== undefined) return proxy;
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    clearTimeout(timer);
    end.removeEventListener('abort', stop);
    abort.abort();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
