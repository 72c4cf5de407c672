import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify';
import fp from 'fastify-plugin';
import { declaration } from '../../access/declaration.ts';
import { type AnswerOptions, headersOf, sendProblem } from '../../problems/plugin.ts';
import { Problem } from '../../problems/problem.ts';
import { describeGuard } from './openapi/host-document.ts';

/** The mark of the service's own scope. A symbol, so that no decorator of the host is taken for it. */
export const serviceScope: unique symbol = Symbol('latchkey: scope of the service');

/**
 * Completes the guarded routes of a host: their entry in the host's OpenAPI document, and the answers of the
 * guard where the host has no error handler of its own.
 */
async function hostRoutes(app: FastifyInstance, options: AnswerOptions) {
  // The error handler of an app that sets none.
  const answer = answerGuard(options, Fastify().errorHandler);
  app.addHook('onRoute', function completeRoute(route) {
    if (this.hasDecorator(serviceScope)) return;
    const declared = route.config?.[declaration];
    if (declared === undefined || declared.minimum === null) return;
    route.schema = describeGuard(route.schema ?? {}, { ...declared, minimum: declared.minimum });
    route.errorHandler ??= answer;
  });
}

/** Makes the error handler of a guarded route: it answers for the guard only. */
function answerGuard(
  options: AnswerOptions,
  defaultErrorHandler: FastifyInstance['errorHandler'],
): NonNullable<RouteOptions['errorHandler']> {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    if (!(error instanceof Problem)) throw error;
    // The challenge of a 401 stays, in any format (RFC 9110 section 11.6.1).
    reply.headers(headersOf(error, options.publicUrl));
    if (request.server.errorHandler !== defaultErrorHandler) throw error;
    sendProblem(error, options, request, reply);
  };
}

export default fp(hostRoutes, { name: 'latchkey-host-routes', fastify: '5.x' });
