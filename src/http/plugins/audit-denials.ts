import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { findCallerClaims } from '../../access/caller.ts';
import { Problem } from '../../problems/problem.ts';
import { requestContextOf } from '../request-context.ts';

/** Counts the requests that are refused with a 403, by the guard or by a handler, for the audit. */
async function auditDenials(app: FastifyInstance) {
  app.addHook('onError', async (request, _reply, error) => {
    if (isDenial(error)) app.eventAggregator.add(toEvent(request, error));
  });
}

/**
 * Tells whether an error is a denial. A wrong password is none: it is counted as a failed sign-in where it is
 * verified.
 */
function isDenial(error: unknown): error is Problem {
  return error instanceof Problem && error.statusCode === 403 && error.slug !== 'wrong-password';
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
