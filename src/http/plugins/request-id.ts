import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { newRequestId } from '../../problems/request-id.ts';

/**
 * The ids that a request may send: UUIDs, and those of proxies and tracers. They are written to logs and the
 * audit unchanged, so they are short and have no markup and no line break. Access tokens are longer.
 */
const wellFormed = /^[\w.:=+/-]{1,64}$/;

/** An API key, or a text as long as the tokens of mails and challenges: a program may send one by mistake. */
const secret = /^(?:lk_\w+|[\w-]{43})$/;

/**
 * Returns the id of a request: its `X-Request-Id`, else a new one. A client may send one id several times, so
 * an id finds requests but does not tell them apart.
 */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  if (typeof given !== 'string' || !wellFormed.test(given) || secret.test(given)) return newRequestId();
  return given;
}

/**
 * Sets the id of the request in each answer of a route, and of a URL without a route. Problems set it
 * themselves.
 */
async function requestId(app: FastifyInstance) {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
}

export default fp(requestId, { name: 'request-id', fastify: '5.x' });
