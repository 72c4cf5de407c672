import { isProblem } from '@latchkey/client';
import { useEffect, useRef, useState } from 'preact/hooks';

/** How it stands with one of several. */
export type ItemState<Result> =
  | { readonly is: 'waiting' | 'running' }
  | { readonly is: 'done'; readonly result: Result }
  | { readonly is: 'failed'; readonly error: unknown };

/** What came of one of several: `error` of a request, or the result. */
export interface Outcome<Result> {
  readonly result?: Result;
  readonly error?: unknown;
  readonly response?: Response | undefined;
}

/** Something that is done to several, one after the other. */
export interface Batch<Result> {
  readonly states: ReadonlyMap<string, ItemState<Result>>;
  readonly isRunning: boolean;
  /** When it goes on, after the service has asked to wait, in milliseconds since 1970. */
  readonly waitsUntil: number | undefined;
  /** Does what is not done yet. */
  readonly start: () => void;
  /** Stops after the one that is under way. */
  readonly stop: () => void;
}

/**
 * Does something to several, one after the other. It waits when there were too many requests, and stops where
 * the others would fail too: without a network, or when the reader does not confirm who they are.
 *
 * @param keys names the items; `work` gets one of them
 */
export function useBatch<Result>(
  keys: readonly string[],
  work: (key: string) => Promise<Outcome<Result>>,
): Batch<Result> {
  const [states, setStates] = useState<ReadonlyMap<string, ItemState<Result>>>(
    () => new Map(keys.map((key) => [key, { is: 'waiting' }])),
  );
  const [isRunning, setRunning] = useState(false);
  const [waitsUntil, setWaitsUntil] = useState<number>();
  const latest = useRef({ states, work });
  latest.current.work = work;
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const put = (key: string, state: ItemState<Result>) => {
    latest.current.states = new Map(latest.current.states).set(key, state);
    setStates(latest.current.states);
  };
  const doOne = async (key: string, signal: AbortSignal): Promise<boolean> => {
    put(key, { is: 'running' });
    const { result, error, response } = await latest.current
      .work(key)
      .catch((error: unknown): Outcome<Result> => ({ error }));
    const seconds =
      isProblem(error) && error.status === 429 ? Number(response?.headers.get('retry-after')) : 0;
    if (seconds > 0 && !signal.aborted) {
      const until = Date.now() + seconds * 1_000;
      setWaitsUntil(until);
      await sleep(until - Date.now(), signal);
      setWaitsUntil(undefined);
      put(key, { is: 'waiting' });
      return signal.aborted ? false : doOne(key, signal);
    }
    put(key, result === undefined ? { is: 'failed', error } : { is: 'done', result });
    return result !== undefined || !failsForAll(error);
  };
  const start = async () => {
    if (running.current !== undefined) return;
    const own = new AbortController();
    running.current = own;
    setRunning(true);
    const left = keys.filter((key) => latest.current.states.get(key)?.is !== 'done');
    for (const key of left) put(key, { is: 'waiting' });
    for (const key of left) if (own.signal.aborted || !(await doOne(key, own.signal))) break;
    running.current = undefined;
    setRunning(false);
  };
  return { states, isRunning, waitsUntil, start: () => void start(), stop: () => running.current?.abort() };
}

/** Tells whether the others would fail for the same reason, and not by what they are. */
function failsForAll(error: unknown): boolean {
  return isProblem(error) ? error.status === 401 || error.status >= 500 : error instanceof Error;
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}
