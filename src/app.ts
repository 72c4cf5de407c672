import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { RouteInventory } from './access/route-inventory.ts';
import type { Config } from './config/index.ts';
import * as limits from './http/limits.ts';
import { openLog } from './http/logger.ts';
import connections from './http/plugins/connections.ts';
import drain from './http/plugins/graceful-shutdown.ts';
import { requestIdOf } from './http/plugins/request-id.ts';
import { RequestLines } from './http/request-log.ts';
import { buildSerializer } from './http/serializer.ts';
import { serverFactory } from './http/server-factory.ts';
import { buildValidator } from './http/validator.ts';
import type { OwnProblemTable } from './problems/own-problems.ts';
import { clientErrorHandler, frameworkErrors } from './problems/plugin.ts';
import { ProblemCounter } from './problems/problem-counter.ts';
import { registerService } from './service/register.ts';

/**
 * Timeout of the hooks that run before listening: a first boot may wait for the migration of another process.
 */
const BOOT_TIMEOUT_MS = 120_000;

export interface AppOptions {
  /**
   * Your own routes. They get the guard, the problems and an entry in the OpenAPI document, like the routes
   * of this service.
   */
  readonly routes?: FastifyPluginAsync;
  /** Your own problems by slug: they can be thrown with `problem`, and are pages below `/problems`. */
  readonly problems?: OwnProblemTable;
  /**
   * Milliseconds that the event loop may be late before requests are rejected. Set it higher where other code
   * runs in the same process.
   */
  readonly maxEventLoopDelay?: number;
}

/**
 * Builds the stand-alone service: the plugin at the root of a server of its own. `ready()` and `listen()`
 * migrate the database, record the access levels and create the first admin before the first request is
 * accepted. `close()` closes the database.
 *
 * @throws {ConfigError} when ADMIN_EMAIL or ADMIN_PASSWORD breaks a rule, or the signing key is not a valid
 *   key
 * @throws {Error} from `ready()` and `listen()`: when a route declares no access, when the levels contradict
 *   the database, or when the database cannot be reached
 */
export async function buildApp(config: Config, options: AppOptions = {}): Promise<FastifyInstance> {
  const inventory = new RouteInventory();
  const problemCounter = new ProblemCounter();
  const app = createInstance(config, inventory, problemCounter, await openLog(config));
  try {
    await app.register(drain);
    await app.register(connections, config);
    await registerService(app, {
      config,
      path: '',
      maxEventLoopDelay: options.maxEventLoopDelay,
      problems: options.problems,
      server: { inventory, problemCounter, isStopping: () => app.drain.hasBegun, routes: options.routes },
    });
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

function createInstance(
  config: Config,
  inventory: RouteInventory,
  problemCounter: ProblemCounter,
  loggerInstance: FastifyBaseLogger,
): FastifyInstance {
  // A variable, because Fastify's types do not know buildPrettyMeta.
  const routerOptions = { ignoreTrailingSlash: true, buildPrettyMeta: inventory.collect };
  const { publicUrl } = config;
  const app = Fastify({
    loggerInstance,
    logController: new RequestLines(config.logLevel),
    genReqId: requestIdOf,
    bodyLimit: limits.BODY_LIMIT_BYTES,
    pluginTimeout: BOOT_TIMEOUT_MS,
    // Requests under way when the process is told to stop are answered, not refused.
    return503OnClosing: false,
    routerOptions,
    serverFactory,
    trustProxy: trustedProxies(config),
    frameworkErrors: frameworkErrors({ publicUrl, problemCounter }),
    clientErrorHandler: clientErrorHandler({ publicUrl, problemCounter }),
    schemaController: { compilersFactory: { buildValidator, buildSerializer } },
  }).withTypeProvider<TypeBoxTypeProvider>();
  // RFC 9110 section 10.1.1: an unknown expectation may be ignored.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  return app;
}

/** Trusts the given number of proxies that are nearest to this process. */
function trustedProxies({ trustProxy }: Config) {
  return typeof trustProxy === 'number' ? (_address: string, hop: number) => hop < trustProxy : trustProxy;
}
