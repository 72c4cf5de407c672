/** Latchkey in this process, and a `fetch` that reaches it, for guards. */
import type { FastifyInstance } from 'fastify';
import {
  createGuard,
  type Guard,
  type GuardOptions,
  GuardProblem,
  type Rule,
} from '../../packages/guard/src/index.ts';
import type { Api, Teardown } from '../helper.ts';

const FORM = 'application/x-www-form-urlencoded';

export interface Wire {
  readonly fetch: typeof fetch;
  /** Requests so far, by path. */
  readonly requests: Map<string, number>;
  /** True to make every request fail. */
  isCut: boolean;
  /** Holds back an answer. @param path of the request */
  hold: (path: string) => Promise<void>;
  /** Changes the bodies of answers of the feed. */
  alter: (answer: Record<string, unknown>) => Record<string, unknown>;
  /** Changes the bodies of answers of introspection. */
  alterKey: (answer: Record<string, unknown>) => Record<string, unknown>;
}

/** Connects guards with an app, without a network. */
export function wireTo(app: FastifyInstance): Wire {
  const requests = new Map<string, number>();
  const wire: Wire = {
    requests,
    isCut: false,
    hold: async () => {},
    alter: (answer) => answer,
    alterKey: (answer) => answer,
    fetch: async (input, init) => {
      const { pathname, search } = new URL(String(input));
      requests.set(pathname, (requests.get(pathname) ?? 0) + 1);
      if (wire.isCut) throw new TypeError('fetch failed');
      const headers = Object.fromEntries(new Headers(init?.headers));
      const form = init?.body instanceof URLSearchParams ? init.body.toString() : undefined;
      const answer = await app.inject({
        url: pathname + search,
        method: init?.method === 'POST' ? 'POST' : 'GET',
        headers: { ...headers, ...(form !== undefined && { 'content-type': FORM }) },
        ...(form !== undefined && { payload: form }),
      });
      await Promise.race([wire.hold(pathname), untilAborted(init?.signal)]);
      if (wire.isCut) throw new TypeError('fetch failed');
      const change = { '/revocations': wire.alter, '/introspect': wire.alterKey }[pathname];
      const isChanged = change !== undefined && answer.statusCode === 200;
      const body = isChanged ? JSON.stringify(change(answer.json())) : answer.body;
      return new Response(body, { status: answer.statusCode });
    },
  };
  return wire;
}

function untilAborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
}

/** Clocks that a test sets ahead. The monotonic one can stand still, at `stoppedAt`. */
export function shiftedClocks() {
  const shift: { monotonic: number; wall: number; stoppedAt?: number } = { monotonic: 0, wall: 0 };
  const clocks: NonNullable<GuardOptions['clocks']> = {
    monotonic: () => (shift.stoppedAt ?? performance.now()) + shift.monotonic,
    wall: () => Date.now() + shift.wall,
  };
  return { clocks, shift };
}

/** A guard of a Latchkey in this process, with clocks and a wire of its own. */
export function guardOf(t: Teardown, { server }: Api, options: Pick<GuardOptions, 'issuer' | 'key'>) {
  const wire = wireTo(server);
  const { clocks, shift } = shiftedClocks();
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const guard = createGuard({ fetch: wire.fetch, clocks, onError, ...options });
  t.teardown(() => guard.close());
  return { guard, wire, shift, errors };
}

/** Says what a guard answers: `200`, or the slug of the problem. */
export async function say(
  guard: Guard,
  token: string | undefined,
  minimum: Rule['minimum'] = 'user',
  rule: Omit<Rule, 'minimum'> = {},
) {
  try {
    await guard.verify(token === undefined ? undefined : `Bearer ${token}`, { ...rule, minimum });
    return 200;
  } catch (error) {
    if (error instanceof GuardProblem) return error.slug;
    throw error;
  }
}
