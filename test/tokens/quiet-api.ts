/** Starts an app for the tests of the guard, whose database no other code queries. */
import { claimsOf } from '#latchkey/access/guard.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { type Api, startApi, type Teardown } from '../helper.ts';
import { holdTimers } from '../hold-timers.ts';
import { testSigningKey } from '../tokens.ts';

export interface QuietApi extends Api {
  /** Reads the revocations; no other code does. */
  poll(): Promise<void>;
  /** Returns the status for a header, quickly: the answer is not compared with the contract. */
  status(authorization: string, url?: string): Promise<number>;
  /** Runs requests in rounds, with a fresh feed for each round. */
  inRounds(total: number, size: number, run: (n: number) => Promise<void>): Promise<void>;
}

/**
 * Starts an app whose own routes do nothing, and whose jobs do not run. From then on only the test polls the
 * revocations.
 */
export async function startQuietApi(t: Teardown, variables: Record<string, string> = {}): Promise<QuietApi> {
  holdTimers(t);
  const api = await startApi(
    t,
    { JWT_PRIVATE_KEY: testSigningKey.pem, ...variables },
    {
      routes: async (app) => {
        app.get('/guests', { config: { access: 'guest' } }, async (request) => ({
          isFrozen: Object.isFrozen(claimsOf(request)),
        }));
        app.get('/users-only', { config: { access: 'user' } }, async () => ({}));
        app.get('/admins', { config: { access: 2 } }, async () => ({}));
        app.get('/recent', { config: { access: 0, maxAge: 900 } }, async () => ({}));
      },
    },
  );
  const { app } = api;
  const poll = () => RevocationFeed.prototype.poll.call(app.revocations);
  app.revocations.poll = async () => {};
  return {
    ...api,
    poll,
    status: async (authorization, url = '/guests') =>
      (await app.inject({ url, headers: { authorization } })).statusCode,
    inRounds: async (total, size, run) => {
      for (let begin = 0; begin < total; begin += size) {
        await poll();
        for (let n = begin; n < Math.min(begin + size, total); n++) await run(n);
      }
    },
  };
}
