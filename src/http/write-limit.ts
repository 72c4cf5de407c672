import type { FastifyInstance, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import fp from 'fastify-plugin';
import { claimsOf, rejectInvalid } from '../access/guard.ts';
import { declaration } from '../access/plugin.ts';
import type { Config } from '../config.ts';
import { retryLater } from '../problems/problem.ts';
import { Windows } from './windows.ts';

/** Part of the requests of one network that one user may write with: 120 a minute of 1,200. A person makes a few; an admin's script, 7,200 an hour. */
const WRITING_PART = 0.1;

const WINDOW_MS = 60_000;

/** Methods that write nothing: RFC 9110 section 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Limits what one user writes, over all sessions, in each process by itself: what is written is audited, and kept for long. Every guarded
 * route has it whose method is not a safe one. What the guard or a schema refuses does not count.
 */
async function writeLimit(app: FastifyInstance, { rateLimit }: Pick<Config, 'rateLimit'>) {
  if (rateLimit === 0) return;
  const maxWrites = Math.ceil(rateLimit * WRITING_PART);
  const windows = new Windows();
  const limitWrites = (request: FastifyRequest, _reply: unknown, done: HookHandlerDoneFunction) => {
    const { count, left } = windows.add(claimsOf(request).sub, WINDOW_MS);
    done(count <= maxWrites ? undefined : retryLater('too-many-requests', left / 1_000));
  };
  app.addHook('onRoute', (route) => {
    const methods = [route.method].flat();
    if (!route.config?.[declaration]?.guard || methods.every((method) => SAFE_METHODS.has(method))) return;
    const hooks = [route.preHandler ?? []].flat();
    const behind = hooks.indexOf(rejectInvalid) + 1;
    route.preHandler = [...hooks.slice(0, behind), limitWrites, ...hooks.slice(behind)];
  });
}

export default fp(writeLimit, { name: 'write-limit', fastify: '5.x', dependencies: ['access'] });
