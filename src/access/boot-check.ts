import type { FastifyInstance } from 'fastify';
import { type Declaration, declaration, hooksOf } from './declaration.ts';
import { listRouter, type SeenRoutes, type StoredRoute, withoutHead } from './route-inventory.ts';

/** The treatment of a host's routes that declare no access: they stop the boot, or are public. */
export type Undeclared = 'refuse' | 'public';

const HINT = "add config: { access: 'public' | level }";

/**
 * Finds the routes of Latchkey's own server that are not guarded as they should be.
 *
 * @returns a text for each, which begins with its method and URL
 */
export function findUnguarded(routes: readonly StoredRoute[]): string[] {
  const refused = new Set<string>();
  return routes.flatMap(({ method, url, config, preHandlers }) => {
    const problem = findProblem(config[declaration], preHandlers);
    // The automatic HEAD route of a GET route has the same problem.
    if (problem === undefined || (method === 'HEAD' && refused.has(`GET ${url}`))) return [];
    refused.add(`${method} ${url}`);
    return [`${method} ${url} ${problem}`];
  });
}

/**
 * Finds the routes of a host that no guard knows, that have lost theirs, or that declare nothing.
 *
 * @returns a text for each, which begins with its method and URL
 */
export function findUndeclared(app: FastifyInstance, seen: SeenRoutes, undeclared: Undeclared): string[] {
  const unseen = withoutHead(seen.findUnseen(listRouter(app))).map(
    (route) => `${route} is not known to Latchkey: await app.register(latchkey) before the route is added`,
  );
  const unguarded = seen.declared
    .filter(({ guard, route }) => guard !== null && !hooksOf(route).includes(guard))
    .map(
      ({ route: { method, url } }) =>
        `${method} ${url} has lost its guard: an onRoute hook replaced its preHandler`,
    );
  if (undeclared === 'public') return [...unseen, ...unguarded];
  return [
    ...unseen,
    ...unguarded,
    ...seen.undeclared.map(
      (route) => `${route} declares no access: ${HINT}, or register Latchkey with undeclared: 'public'`,
    ),
  ];
}

/** Finds what is wrong with a route. The text ends a sentence that begins with the path. */
function findProblem(declared: Declaration | undefined, preHandlers: number): string | undefined {
  if (declared === undefined) return `declares no access: ${HINT}`;
  const hooks = hooksOf(declared.route);
  if (preHandlers !== hooks.length) {
    return 'has a preHandler hook of its instance, which would run before the guard: make it a hook of the route';
  }
  if (declared.guard !== null && hooks[0] !== declared.guard) return 'has a preHandler hook before the guard';
  return undefined;
}
