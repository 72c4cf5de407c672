import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { newRequestId } from '../../problems/request-id.ts';

/**
 * The ids that a request may send: UUIDs, and those of proxies and tracers. They are written to logs and the
 * audit unchanged, so they are short and have no markup and no line break. Access tokens are longer. API keys
 * and the tokens of mails and challenges, of 43 characters, are left out: a program may send one by mistake.
 */
const wellFormed = /^(?!lk_)(?![\w-]{43}$)[\w.:=+/-]{1,64}$/;

/**
 * Returns the id of a request: its `X-Request-Id`, else a new one. A client may send one id several times, so
 * an id finds requests but does not tell them apart.
 */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && wellFormed.test(given) ? given : newRequestId();
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
