import type { FastifyInstance } from 'fastify';

/** The scope of the service, on the app that has it. */
export const scopeOfService: unique symbol = Symbol('latchkey: scope of the service');

declare module 'fastify' {
  interface FastifyInstance {
    readonly [scopeOfService]?: FastifyInstance;
  }
}

/**
 * Returns the scope of the service in an app: the instance that has the accounts and the tokens.
 *
 * @throws {Error} when the app has no Latchkey
 */
export function serviceOf(app: FastifyInstance): FastifyInstance {
  const scope = app[scopeOfService];
  if (scope === undefined) throw new Error('Latchkey is not registered in this app');
  return scope;
}
