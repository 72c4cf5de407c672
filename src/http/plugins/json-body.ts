import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { Problem } from '../../problems/problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether a request without a body is as good as one with an empty object. */
    optionalBody?: true;
  }
}

/** Levels of arrays and objects in a body; ours have two at most. */
const DEPTH = 16;

/**
 * Reads bodies as Fastify does, members that would change a prototype refused, after a look at how deep they are. Where a route takes no
 * body, or need not get one, an empty one may have the content type that some clients always send.
 */
async function json(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    const body = bytes.toString();
    const { schema, config } = request.routeOptions;
    if (body === '' && (schema?.body === undefined || config.optionalBody)) done(null, undefined);
    // RFC 8259 section 8.1. Read as something else, two passwords would become the same.
    else if (!isUtf8(bytes)) done(new Problem('malformed-json', { detail: 'The body is not UTF-8.' }));
    else if (isDeeperThan(DEPTH, body))
      done(new Problem('malformed-json', { detail: `The body has more than ${DEPTH} levels.` }));
    else parse(request, body, done);
  });
  app.addHook('onRoute', (route) => {
    if (route.config?.optionalBody) route.preValidation = [fillBody, route.preValidation ?? []].flat();
  });
}

function fillBody(request: FastifyRequest, _reply: unknown, done: () => void): void {
  if (request.body === undefined) request.body = {};
  done();
}

/** Looks at the brackets that are not in strings, whether the rest is JSON or not. */
function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isInString) {
      if (character === '\\') at++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') {
      if (++depth > limit) return true;
    } else if (character === '}' || character === ']') depth--;
  }
  return false;
}

export default fp(json, { name: 'json', fastify: '5.x' });
