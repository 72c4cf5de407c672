import type { FastifyContextConfig, FastifyInstance, RouteOptions } from 'fastify';
import type { Declaration } from './declaration.ts';

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

/** The routes that the onRoute hook has seen, as `METHOD /url`. */
export class SeenRoutes {
  /** Number of times that each was added: routes of one URL differ in their constraints. */
  readonly #counts = new Map<string, number>();
  readonly #undeclared = new Set<string>();
  readonly #declared: Declaration[] = [];
  /** True where `/shop` and `/shop/` are one route of the router, which is called `/shop`. */
  readonly #ignoresSlash: boolean;

  constructor(ignoresSlash: boolean) {
    this.#ignoresSlash = ignoresSlash;
  }

  /** Adds a route, as the hook gets it. */
  add(route: SeenRoute, declared: Declaration | undefined): void {
    const { method, url, routePath, prefix, prefixTrailingSlash = 'both' } = route;
    // For `/` below a prefix, Fastify adds a second route without calling the hook: `/prefix` and `/prefix/`.
    // Both have the hooks of the first.
    const isTwice =
      routePath === '' && prefix !== '' && prefixTrailingSlash === 'both' && !this.#ignoresSlash;
    const stored = this.#ignoresSlash ? url.replace(/(?<=.)\/$/, '') : url;
    for (const name of [method].flat())
      for (const path of isTwice ? [url, `${url}/`] : [stored]) {
        const key = `${name} ${path}`;
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
        if (declared === undefined && !isPreflight(key)) this.#undeclared.add(key);
      }
    if (declared !== undefined) this.#declared.push(declared);
  }

  /** Returns the routes that are more often in a router than they were added here. */
  findUnseen(router: readonly string[]): string[] {
    const left = new Map(this.#counts);
    return router.filter((route) => {
      const count = left.get(route) ?? 0;
      left.set(route, count - 1);
      return count <= 0 && !isPreflight(route);
    });
  }

  /** Lists the routes without a declaration. The automatic HEAD route of a GET route is left out. */
  get undeclared(): string[] {
    return withoutHead([...this.#undeclared]);
  }

  get declared(): readonly Declaration[] {
    return this.#declared;
  }
}

/** Leaves out the HEAD routes beside a GET route: Fastify adds them, and they have the same problem. */
export function withoutHead(routes: readonly string[]): string[] {
  return routes.filter(
    (route) => !(route.startsWith('HEAD ') && routes.includes(route.replace('HEAD', 'GET'))),
  );
}

const seenByServer = new WeakMap<object, SeenRoutes>();

/** Returns the routes that the services of one server have seen: each may be in a scope of its own. */
export function seenRoutesOf(app: FastifyInstance): SeenRoutes {
  const { server } = app;
  const seen = seenByServer.get(server) ?? new SeenRoutes(ignoresTrailingSlash(app));
  seenByServer.set(server, seen);
  return seen;
}

/** Tells whether the router of an app takes `/shop` and `/shop/` for one route. */
export function ignoresTrailingSlash({ initialConfig }: FastifyInstance): boolean {
  return (initialConfig.routerOptions?.ignoreTrailingSlash ?? initialConfig.ignoreTrailingSlash) === true;
}

type SeenRoute = RouteOptions & {
  readonly url: string;
  readonly routePath: string;
  readonly prefix: string;
};

/** Tells whether a route is the one of @fastify/cors, which only answers preflight requests. */
function isPreflight(route: string): boolean {
  return route === 'OPTIONS *';
}

/** The parts of a line of `printRoutes`: `│   └── part (GET, HEAD) {"host":"…"}`. */
const BRANCH = '── ';
const INDENTATION = 4;
const EMPTY_ROOT = '(empty root node)';
const METHODS = /^[A-Z][A-Z, -]*$/;

/**
 * Lists the routes of any router as `METHOD /url`, also those that were added before any hook. Fastify shows
 * them as a printed tree only.
 */
export function listRouter(app: FastifyInstance): string[] {
  const routes: string[] = [];
  const parts: string[] = [];
  for (const line of app.printRoutes().split('\n')) {
    const branch = line.indexOf(BRANCH);
    const { part, methods } = readNode(branch === -1 ? line : line.slice(branch + BRANCH.length));
    // The same URL with other constraints is a line without a branch.
    if (branch !== -1)
      parts.splice((branch - 1) / INDENTATION, parts.length, part === EMPTY_ROOT ? '' : part);
    routes.push(...methods.map((method) => `${method} ${parts.join('')}`));
  }
  return routes;
}

/** Reads a part of a URL and the methods behind it. A part may itself have parentheses and spaces. */
function readNode(text: string): { readonly part: string; readonly methods: string[] } {
  const constraints = text.lastIndexOf(') {');
  const node = constraints === -1 ? text : text.slice(0, constraints + 1);
  const start = node.lastIndexOf(' (');
  const methods = node.slice(start + 2, -1);
  if (start === -1 || !node.endsWith(')') || !METHODS.test(methods)) return { part: node, methods: [] };
  return { part: node.slice(0, start), methods: methods.split(', ') };
}
