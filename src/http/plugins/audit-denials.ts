import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { findCallerClaims } from '../../access/caller.ts';
import type { Problem } from '../../problems/problem.ts';
import { toProblem } from '../../problems/translate.ts';
import { requestContextOf } from '../request-context.ts';

/** Counts the requests that are refused with a 403, by the guard or by a handler, for the audit. */
async function auditDenials(app: FastifyInstance) {
  app.addHook('onError', async (request, _reply, error) => {
    if (error.statusCode !== 403) return;
    const problem = toProblem(error);
    if (isDenial(problem)) app.eventAggregator.add(toEvent(request, problem));
  });
}

/**
 * Tells whether a problem is a denial. A wrong password is none: it is counted as a failed sign-in where it
 * is verified.
 */
function isDenial({ statusCode, slug }: Problem): boolean {
  return statusCode === 403 && slug !== 'wrong-password';
}

function toEvent(request: FastifyRequest, { slug, extras: { required, actual } }: Problem) {
  return {
    action: 'access.denied' as const,
    actorId: findCallerClaims(request)?.sub ?? null,
    targetId: null,
    after: {
      method: request.method,
      // The pattern of the route: with the parameters filled in, every request would be an event of its own.
      url: request.routeOptions.url ?? '',
      problem: slug,
      ...(required !== undefined && { required }),
      ...(actual !== undefined && { actual }),
    },
    requestContext: requestContextOf(request),
  };
}

export default fp(auditDenials, { name: 'audit-denials', fastify: '5.x', dependencies: ['latchkey-access'] });
