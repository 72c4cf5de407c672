import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { newRequestId } from '../../problems/request-id.ts';

/**
 * What is taken over from a request: UUIDs, and what proxies and tracers write. It goes into logs and the audit as it is, so it
 * is short and has nothing that is markup or a line anywhere. Neither of our tokens is as short.
 */
const wellFormed = /^[\w.:=+/-]{1,64}$/;

/**
 * The id of a request: what its `X-Request-Id` says, else a new one. Whoever sends requests may send the same again, so an id
 * finds requests and tells none from another.
 */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && wellFormed.test(given) ? given : newRequestId();
}

/** Says the id of the request in each answer that has come to a route, or to none. Problems say it themselves, wherever they come from. */
async function requestId(app: FastifyInstance) {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
}

export default fp(requestId, { name: 'request-id', fastify: '5.x' });
