import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import fp from 'fastify-plugin';
import { declaration } from '../../access/declaration.ts';
import { claimsOf, rejectInvalid } from '../../access/guard.ts';
import type { Config } from '../../config/index.ts';
import { retryLater } from '../../problems/problem.ts';
import { type Window, Windows } from '../../throttle/windows.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * The way in which a guarded route that writes is counted. The default is together with all other routes,
     * for each user.
     * - `sessions`: not at all. The route only ends sessions. A user has few, and each began with a sign-in.
     * - `none`: not at all. The route writes nothing, although its method is not a safe one.
     * - `password`: by itself, when it has succeeded. A person with a token but without the password cannot
     *   use it up.
     */
    writeLimit?: 'sessions' | 'none' | 'password';
  }
}

/**
 * Share of the requests of one network that one user may write with: 120 a minute of 1,200. A person makes a
 * few, and the script of an admin 7,200 an hour.
 */
const MAX_WRITE_SHARE = 0.1;

const WINDOW_MS = 60_000;

/** Methods that do not write: RFC 9110 section 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Limits the writes of one user, over all sessions, in each process by itself: each write is audited and kept
 * for long. Every guarded route has the limit when its method is not a safe one. A request that the guard or
 * a schema refuses does not count. A person with a stolen token must not keep the owner from ending sessions
 * and changing the password: `config.writeLimit`.
 */
async function writeLimit(app: FastifyInstance, { rateLimit }: Pick<Config, 'rateLimit'>) {
  if (rateLimit === 0) return;
  const maxWrites = Math.ceil(rateLimit * MAX_WRITE_SHARE);
  const writes = new Windows();
  const passwords = new Windows();
  const refuseAbove = ({ count, left }: Window) =>
    count <= maxWrites ? undefined : retryLater('too-many-requests', left / 1_000);

  const limitWrites = (request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction) =>
    done(refuseAbove(writes.add(claimsOf(request).sub, WINDOW_MS)));
  const limitPasswords = (request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction) => {
    const { count, left } = passwords.read(claimsOf(request).sub, WINDOW_MS);
    done(refuseAbove({ count: count + 1, left }));
  };
  const countPassword = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => {
    if (reply.statusCode < 400) passwords.add(claimsOf(request).sub, WINDOW_MS);
    done();
  };

  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat();
    const guard = route.config?.[declaration]?.guard;
    if (!guard || methods.every((method) => SAFE_METHODS.has(method))) return;
    const writeLimit = route.config?.writeLimit;
    if (writeLimit === 'sessions' || writeLimit === 'none') return;
    const isPassword = writeLimit === 'password';
    const hooks = [route.preHandler ?? []].flat();
    // A route that handles invalid requests itself has the guard alone.
    const behind = Math.max(hooks.indexOf(guard), hooks.indexOf(rejectInvalid)) + 1;
    const limit = isPassword ? limitPasswords : limitWrites;
    route.preHandler = [...hooks.slice(0, behind), limit, ...hooks.slice(behind)];
    if (isPassword) route.onResponse = [route.onResponse ?? [], countPassword].flat();
  });
}

export default fp(writeLimit, { name: 'write-limit', fastify: '5.x', dependencies: ['latchkey-access'] });
