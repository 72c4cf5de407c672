import type { FastifyContextConfig, FastifyInstance } from 'fastify';

/** A route in the router, with or without a plugin of this service behind it. */
export interface StoredRoute {
  readonly method: string;
  /** The URL as it was registered: `/users/:id`. */
  readonly url: string;
  readonly config: FastifyContextConfig;
  /** Number of preHandler hooks that run, with those of the instance. */
  readonly preHandlers: number;
}

/**
 * Lists the routes of the router itself, with the automatic HEAD routes and the routes that were registered
 * before any hook. Fastify shows these to one function only, its option `routerOptions.buildPrettyMeta`.
 */
export class RouteInventory {
  readonly #found = new Map<string, StoredRoute>();

  /** The value of `routerOptions.buildPrettyMeta`. */
  readonly collect = (route: { store: Record<string | symbol, unknown> }): Record<string, never> => {
    const { config, preHandler } = route.store;
    if (!isRouteConfig(config)) return {};
    const preHandlers = Array.isArray(preHandler) ? preHandler.length : 0;
    // Vendor plugins declare one route for several methods.
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

  /** Lists all routes of an instance that is ready. */
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
