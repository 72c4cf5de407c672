import { RefreshError } from './exchange.ts';
import { isProblem, type Problem } from './problems.ts';
import { parseJson, type Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** A request that is refused until the user proves more: RFC 9470. */
export type InsufficientAuthentication = Extract<
  Problem,
  { slug: 'recent-sign-in-required' | 'two-factors-required' }
>;

/**
 * Asks the user to prove who they are once more, or with a second factor: the `slug` of the problem tells
 * which. False, or an error, leaves the request refused.
 */
export type Reauthenticate = (
  problem: InsufficientAuthentication,
) => Promise<boolean | undefined> | Promise<void>;

export interface AuthorizedFetchOptions {
  readonly sessions: Sessions;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Tells whether a URL is one of the service, which alone gets the tokens. */
  readonly isOurs: (url: string) => boolean;
  readonly reauthenticate: Reauthenticate | undefined;
}

/**
 * Makes a `fetch` that sends the access token. A token that has expired is refreshed first. After a 401 with
 * `invalid_token`, and after the user has reauthenticated, the request is sent once more.
 */
export function authorizedFetch(options: AuthorizedFetchOptions): (request: Request) => Promise<Response> {
  const { sessions, fetch, isOurs } = options;
  const askUser = oneAtATime(options.reauthenticate);
  // The body is read from a clone each time, so that it is still there for the next time.
  const send = (request: Request, { accessToken }: Session) => {
    const clone = request.clone();
    clone.headers.set('authorization', `Bearer ${accessToken}`);
    return fetch(clone);
  };

  return async (request) => {
    if (request.headers.has('authorization') || !isOurs(request.url)) return fetch(request);
    try {
      let session = await sessions.fresh();
      if (session === null) return await fetch(request);
      let response = await send(request, session);
      if (await isInvalidToken(response)) {
        const next = await sessions.renew(session);
        if (next === null || next.accessToken === session.accessToken) return response;
        session = next;
        response = await send(request, session);
      }
      const problem = await problemOf(response);
      if (askUser === undefined || !isInsufficient(problem) || isProof(request)) return response;
      if ((await askUser(problem)) === false) return response;
      const proven = await sessions.fresh();
      return proven === null ? response : await send(request, proven);
    } catch (error) {
      // The answer to the refresh says why this request has none.
      if (error instanceof RefreshError) return error.response.clone();
      throw error;
    }
  };
}

/** Tells whether the service refused the access token itself: RFC 6750 section 3.1. */
async function isInvalidToken(response: Response): Promise<boolean> {
  if (response.status !== 401) return false;
  if (/error="invalid_token"/.test(response.headers.get('www-authenticate') ?? '')) return true;
  return isProblem(await problemOf(response), 'invalid-token');
}

/** Tells whether a request is the proof itself. To ask for another one would wait for the answer for ever. */
function isProof({ url }: Request): boolean {
  return /\/me\/reauthenticate(?:\/options)?$/.test(new URL(url).pathname);
}

function isInsufficient(problem: unknown): problem is InsufficientAuthentication {
  return isProblem(problem, 'recent-sign-in-required') || isProblem(problem, 'two-factors-required');
}

async function problemOf(response: Response): Promise<unknown> {
  return response.status === 401 ? parseJson(await response.clone().text()) : undefined;
}

/**
 * Lets requests with the same problem wait for the same answer of the user. Where two problems meet, the
 * second is asked after the first.
 */
function oneAtATime(ask: Reauthenticate | undefined) {
  if (ask === undefined) return undefined;
  const asking = new Map<string, Promise<boolean>>();
  let last: Promise<unknown> = Promise.resolve();
  return (problem: InsufficientAuthentication): Promise<boolean> => {
    const { slug } = problem;
    const running = asking.get(slug);
    if (running !== undefined) return running;
    const answer = last
      .then(async () => (await ask(problem)) !== false)
      .catch(() => false)
      .finally(() => asking.delete(slug));
    asking.set(slug, answer);
    last = answer;
    return answer;
  };
}
