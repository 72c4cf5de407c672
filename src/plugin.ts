import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import type { Undeclared } from './access/boot-check.ts';
import { type ConfigOptions, parseOptions } from './config/options.ts';
import { pathBelow } from './lib/path-behind.ts';
import type { OwnProblemTable } from './problems/own-problems.ts';
import { registerService } from './service/register.ts';

/** Options of the plugin: the configuration in camel case, and how it sits in your app. */
export interface LatchkeyOptions extends ConfigOptions {
  /** The path below which the routes of Latchkey are: `/auth` (default: `/`). */
  readonly prefix?: string;
  /** Your own problems by slug: they can be thrown with `problem`, and are pages below `/problems`. */
  readonly problems?: OwnProblemTable | undefined;
  /**
   * Says of your routes that declare no access whether they stop the boot (`refuse`, the default) or are
   * public.
   */
  readonly undeclared?: Undeclared | undefined;
  /**
   * False to leave `/.well-known/oauth-authorization-server` and `/.well-known/oauth-protected-resource` at
   * the root to your app. With a prefix, they have the prefix behind them there.
   */
  readonly wellKnown?: boolean | undefined;
  /** False to leave your app without the decorator `authenticate`, where you add one of your own later. */
  readonly authenticate?: boolean | undefined;
  /**
   * Milliseconds that the event loop may be late before Latchkey's routes answer 503 (default: 1000). Set it
   * higher where other code keeps the process busy.
   */
  readonly maxEventLoopDelay?: number | undefined;
}

/**
 * Latchkey as a plugin of your own Fastify app. Await it before the routes that it guards: it cannot see
 * those that were there before.
 *
 * @throws {ConfigError} when an option has a wrong value or a wrong name
 * @throws {Error} from `ready()` and `listen()`: when one of your routes declares no access or was added
 *   before the plugin, when the levels contradict the database, or when the database cannot be reached
 * @example
 * const app = Fastify();
 * await app.register(latchkey, { prefix: '/auth', databaseUrl: 'file:./data/app.db' });
 * app.get('/reports', { config: { access: 'user' } }, async (request) => ({ hello: claimsOf(request).sub }));
 */
async function latchkey(app: FastifyInstance, options: LatchkeyOptions): Promise<void> {
  const {
    prefix = '/',
    undeclared = 'refuse',
    authenticate = true,
    wellKnown = true,
    maxEventLoopDelay,
    problems,
    ...config
  } = options;
  const path = toPath(prefix);
  await registerService(app, {
    config: parseOptions(config, pathBelow(app.prefix, path)),
    path,
    undeclared,
    authenticate,
    wellKnown,
    maxEventLoopDelay,
    problems,
  });
}

/**
 * Returns the path of a prefix, without a slash at its end.
 *
 * @throws {TypeError} when it is not a path
 */
function toPath(prefix: string): string {
  const path = prefix.replace(/\/$/, '');
  if (path !== '' && !/^(?:\/[\w.~-]+)+$/.test(path))
    throw new TypeError(`The prefix must be a path such as /auth, not ${JSON.stringify(prefix)}`);
  return path;
}

export default fp(latchkey, { name: 'latchkey', fastify: '5.x' });
