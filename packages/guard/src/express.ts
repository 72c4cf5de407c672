import type { Request, RequestHandler } from 'express';
import { authorizationOf, type Guard } from './guard.ts';
import { GuardProblem } from './problem.ts';
import type { Caller, Rule } from './rule.ts';

const callers = new WeakMap<Request, Caller>();

export function callerOf(request: Request): Caller {
  const caller = callers.get(request);
  if (caller !== undefined) return caller;
  throw new Error('requireAccess did not run on this route');
}

/** Lets callers of a level through: `app.get('/reports', requireAccess(guard, 'user'), handler)`. */
export function requireAccess(
  guard: Guard,
  minimum: Rule['minimum'],
  rule: Omit<Rule, 'minimum'> = {},
): RequestHandler {
  guard.levels.requireDeclarable(minimum);
  return async (request, response, next) => {
    try {
      callers.set(request, await guard.verify(authorizationOf(request), { ...rule, minimum }));
    } catch (error) {
      if (!(error instanceof GuardProblem)) throw error;
      return void response.status(error.statusCode).set(error.headers).send(JSON.stringify(error.body));
    }
    next();
  };
}
