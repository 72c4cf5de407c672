import type { FastifyContextConfig, FastifyInstance } from 'fastify';

/** A route as the router holds it, whoever registered it and when. */
export interface StoredRoute {
  readonly method: string;
  /** As it was registered: `/users/:id`. */
  readonly url: string;
  readonly config: FastifyContextConfig;
  /** Number of preHandler hooks that run, the instance's included. */
  readonly preHandlers: number;
}

/**
 * Lists the routes of the router itself: the automatic HEAD routes, and those that were registered before any hook
 * could see them. Fastify shows them to one function only, its option `routerOptions.buildPrettyMeta`.
 */
export class RouteInventory {
  readonly #found = new Map<string, StoredRoute>();

  /** The value of `routerOptions.buildPrettyMeta`. */
  readonly collect = (route: { store: Record<string | symbol, unknown> }): Record<string, never> => {
    const { config, preHandler } = route.store;
    if (!isRouteConfig(config)) return {};
    const preHandlers = Array.isArray(preHandler) ? preHandler.length : 0;
    // Vendors declare one route for several methods.
    for (const method of [config.method].flat()) {
      this.#found.set(`${method} ${config.url}`, {
        method: String(method),
        url: config.url,
        config,
        preHandlers,
      });
    }
    return {};
  };

  /** All routes of an instance that is ready. */
  list(app: FastifyInstance): readonly StoredRoute[] {
    this.#found.clear();
    app.printRoutes({ includeMeta: true });
    return [...this.#found.values()];
  }
}

function isRouteConfig(value: unknown): value is FastifyContextConfig & { url: string; method: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'url' in value &&
    typeof value.url === 'string' &&
    'method' in value
  );
}
