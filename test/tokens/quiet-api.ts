/** An app for the tests of the guard, which nothing else asks for its database. */
import { claimsOf } from '#latchkey/access/guard.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';
import { type Api, startApi, type Teardown } from '../helper.ts';
import { holdTimers } from '../hold-timers.ts';
import { testSigningKey } from '../tokens.ts';

export interface QuietApi extends Api {
  /** Reads the revocations, which nobody else does. */
  poll(): Promise<void>;
  /** The status that a header gets, quickly: the answer is not held to the contract. */
  status(authorization: string, url?: string): Promise<number>;
  /** Rounds of so many at a time, with a fresh feed for each. */
  inRounds(total: number, size: number, run: (n: number) => Promise<void>): Promise<void>;
}

/** Starts an app whose routes of its own do nothing, and whose jobs don't run. From then on the test polls the revocations, and nobody else. */
export async function startQuietApi(t: Teardown): Promise<QuietApi> {
  holdTimers(t);
  const api = await startApi(
    t,
    { JWT_PRIVATE_KEY: testSigningKey.pem },
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
