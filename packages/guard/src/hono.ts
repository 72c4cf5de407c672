import type { MiddlewareHandler } from 'hono';
import type { Guard } from './guard.ts';
import { GuardProblem } from './problem.ts';
import type { Caller, Rule } from './rule.ts';

/** The variables of a guarded context: `c.get('user')` is the caller. */
export interface GuardEnv {
  Variables: { user: Caller };
}

/** Makes a handler that lets callers of a level through: `app.get('/reports', requireAccess(guard, 'user'), …)`. */
export function requireAccess(
  guard: Guard,
  minimum: Rule['minimum'],
  rule: Omit<Rule, 'minimum'> = {},
): MiddlewareHandler<GuardEnv> {
  guard.levels.requireDeclarable(minimum);
  return async (context, next) => {
    try {
      context.set('user', await guard.verify(context.req.header('authorization'), { ...rule, minimum }));
    } catch (error) {
      if (!(error instanceof GuardProblem)) throw error;
      return new Response(JSON.stringify(error.body), {
        status: error.statusCode,
        headers: { ...error.headers },
      });
    }
    return next();
  };
}
