import type { FastifyInstance } from 'fastify';
import type { Problem } from '../problems/problem.ts';
import type { RevocationFeed } from '../tokens/revocations.ts';
import type { Tokens } from '../tokens/tokens.ts';
import type { ApiKeys } from './api-keys.ts';
import type { VerifiedTokens } from './verified-tokens.ts';

/** Everything that a guard reads: no part of it asks the database while the revocations are fresh. */
export interface GuardState {
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly verifiedTokens: VerifiedTokens;
  readonly apiKeys: ApiKeys;
  readonly revocations: RevocationFeed;
  /** Translates an error of the database; undefined for other errors. */
  readonly recognise: (error: unknown) => Problem | undefined;
}

/** The decorator of the app that guards read. A symbol, so that it cannot meet a decorator of the host. */
export const guardState: unique symbol = Symbol('latchkey: state of the guards');

declare module 'fastify' {
  interface FastifyInstance {
    readonly [guardState]?: GuardState;
  }
}

/**
 * Returns the state of the guards of an app.
 *
 * @throws {Error} when Latchkey is not registered. Where it is, a route that it does not know stops the boot.
 *   Where it is not, each guarded request fails here
 */
export function guardStateOf(app: FastifyInstance): GuardState {
  const state = app[guardState];
  if (state === undefined) throw new Error('requireAccess needs the plugin of Latchkey');
  return state;
}
