import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  RouteOptions,
} from 'fastify';
import fp from 'fastify-plugin';
import { authorizationOf, createGuard, type Guard, type GuardOptions } from './guard.ts';
import type { Minimum } from './levels.ts';
import { GuardProblem } from './problem.ts';
import { metadataOf, metadataUrl } from './refusals.ts';
import type { Caller, Rule } from './rule.ts';

/** The access that a route declares: a level's name, its pinned number, or `public` for no token at all. */
type DeclaredAccess = 'public' | (string & {}) | number;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The access that a caller needs: `public`, the name of an access level, or its pinned number. */
    access?: DeclaredAccess;
    /** Seconds that may have passed since the sign-in (RFC 9470). */
    maxAge?: number;
    /** Number of factors that the caller's session needs: 1 by default. */
    factors?: 1 | 2;
    /** True for a route that needs a session: an API key is refused (`key-not-allowed`). */
    session?: boolean;
    /** An operation of Latchkey that opens this route to the API keys that list it. They are refused without it. */
    operation?: string;
  }
}

/** Milliseconds that the start waits for Latchkey. After them the service starts all the same, closed. */
const START_TIMEOUT_MS = 5_000;

/** Milliseconds between two log lines with the same reason, and reasons that are remembered. */
const LOG_INTERVAL_MS = 60_000;
const MAX_REASONS = 100;

export interface PluginOptions extends GuardOptions {
  /** Says of routes that declare nothing whether they stop the boot (`refuse`, the default) or are public. */
  readonly undeclared?: 'refuse' | 'public' | undefined;
  /** A guard that is there already: it is not closed with the app. */
  readonly guard?: Guard | undefined;
}

/**
 * Guards every route of the app by the access that it declares: `config: { access: 'user' }`. Register it
 * before the routes.
 *
 * @throws {Error} from `ready()` and `listen()`: when a route declares no access, or one that the issuer does
 *   not have
 */
async function plugin(app: FastifyInstance, options: PluginOptions): Promise<void> {
  const { undeclared = 'refuse', resource, issuer } = options;
  const log = { onOpen: () => app.log.info('The guard is open'), onError: reporter(app) };
  const guard = options.guard ?? createGuard({ ...log, ...options });
  const minima: { readonly name: string; readonly minimum: Minimum; readonly route: RouteOptions }[] = [];
  const missing: string[] = [];
  app.decorateRequest('user');

  app.addHook('onRoute', (route) => {
    const { access, maxAge, factors, session, operation } = route.config ?? {};
    const name = `${[route.method].flat().join()} ${route.url}`;
    if (access === undefined && undeclared === 'refuse') missing.push(name);
    if (access === undefined || access === 'public') return;
    try {
      guard.levels.requireDeclarable(access);
    } catch (error) {
      throw new Error(`Access of ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    minima.push({ name, minimum: access, route });
    const check = makeHook(guard, { minimum: access, maxAge, factors, session, operation });
    // Before the body is read, and once more when it is there: a token may be revoked meanwhile.
    route.onRequest = [check, route.onRequest ?? []].flat();
    route.preHandler = [check, route.preHandler ?? []].flat();
    route.errorHandler ??= answer;
    route.schema = describe(route.schema ?? {}, session === true);
  });

  if (resource !== undefined)
    app.get(new URL(metadataUrl(resource)).pathname, { config: { access: 'public' } }, async () =>
      metadataOf(resource, issuer),
    );

  app.addHook('onReady', async () => {
    if (missing.length > 0)
      throw new Error(
        `These routes declare no access: ${missing.join(', ')}. Give each a config: { access }`,
      );
    const checkLevels = () => {
      for (const { name, minimum, route } of minima) {
        try {
          Object.assign(route.schema ?? {}, { 'x-minimum-access': guard.levels.numberOf(minimum) });
        } catch (error) {
          throw new Error(`Access of ${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    };
    if (await isReadyInTime(guard)) {
      checkLevels();
      return;
    }
    app.log.warn('Latchkey does not answer: the service starts closed, with 503 on guarded routes');
    guard.ready().then(() => {
      try {
        checkLevels();
      } catch (error) {
        // Such a route answers 503 to every client.
        app.log.error(error);
      }
    });
  });
  if (options.guard === undefined) app.addHook('onClose', async () => guard.close());
}

/** The caller of a guarded request. @throws {Error} on a public route */
export function callerOf(request: FastifyRequest): Caller {
  const caller = request.getDecorator<Caller | undefined>('user');
  if (caller === undefined) throw new Error('The guard did not run on this route');
  return caller;
}

/** Makes the hook of a route. It is synchronous for a token or an API key that was accepted before. */
function makeHook(guard: Guard, rule: Rule) {
  return (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const accept = (caller: Caller) => {
      request.setDecorator('user', caller);
      done();
    };
    const refuse = (error: unknown) => done(error instanceof Error ? error : new Error(String(error)));
    let caller: Caller | Promise<Caller>;
    try {
      caller = guard.check(authorizationOf(request.raw), rule);
    } catch (error) {
      refuse(error);
      return;
    }
    if (caller instanceof Promise) caller.then(accept, refuse);
    else accept(caller);
  };
}

async function isReadyInTime(guard: Guard): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), START_TIMEOUT_MS);
  });
  const isReady = await Promise.race([guard.ready().then(() => true as const), timeout]);
  clearTimeout(timer);
  return isReady;
}

/** The error handler of guarded routes: it answers for the guard only. */
function answer(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  if (!(error instanceof GuardProblem)) throw error;
  reply.code(error.statusCode).headers(error.headers).send(JSON.stringify(error.body));
}

function describe(schema: NonNullable<RouteOptions['schema']>, session: boolean) {
  return {
    ...schema,
    security: session ? [{ accessToken: [] }] : [{ accessToken: [] }, { apiKey: [] }],
    ...(session && { 'x-session': true }),
  };
}

/** Makes a function that logs each reason once in a minute: each request with a key may have one. */
function reporter({ log }: FastifyInstance): (error: unknown) => void {
  const loggedAt = new Map<string, number>();
  return (error) => {
    const reason = error instanceof Error ? error.message : String(error);
    const now = performance.now();
    if (now - (loggedAt.get(reason) ?? Number.NEGATIVE_INFINITY) < LOG_INTERVAL_MS) return;
    if (loggedAt.size >= MAX_REASONS) loggedAt.clear();
    loggedAt.set(reason, now);
    log.warn({ reason }, 'Latchkey cannot be asked');
  };
}

export const latchkeyGuard = fp(plugin, { name: '@latchkey/guard', fastify: '5.x' });
