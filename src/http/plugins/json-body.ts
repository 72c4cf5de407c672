import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { Problem } from '../../problems/problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True when a request without a body counts as one with an empty object. */
    optionalBody?: true;
  }
}

/** Levels of arrays and objects in a body; the contract has two at most. */
const MAX_DEPTH = 16;

/**
 * Parses bodies like Fastify, which refuses members that would change a prototype, after a check of their
 * depth. An empty body counts as none, with any content type: `curl -d ''` sends the one of a form.
 * Compressed bodies are refused.
 */
async function json(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (isEncoded(request)) return done(unsupportedEncoding());
    if (bytes.length === 0) return done(null, undefined);
    // RFC 8259 section 8.1 requires UTF-8. In another encoding, two different passwords could become the
    // same.
    if (!isUtf8(bytes)) return done(new Problem('malformed-json', { detail: 'The body is not UTF-8.' }));
    const body = bytes.toString();
    if (isDeeperThan(MAX_DEPTH, body))
      done(new Problem('malformed-json', { detail: `The body has more than ${MAX_DEPTH} levels.` }));
    else parse(request, body, done);
  });
  app.addContentTypeParser('*', (request, _payload, done) => {
    // Where no route takes the request, the answer is a 404 or a 405 for any body.
    if (request.is404 || request.headers['content-length'] === '0') done(null, undefined);
    else done(new Problem('unsupported-media-type'));
  });
  app.addHook('onRoute', (route) => {
    if (route.config?.optionalBody) route.preValidation = [fillBody, route.preValidation ?? []].flat();
  });
}

/** Tells whether a body is compressed. Content codings are case-insensitive (RFC 9110 section 8.4.1). */
function isEncoded({ headers }: FastifyRequest): boolean {
  const encoding = headers['content-encoding']?.trim().toLowerCase();
  return encoding !== undefined && encoding !== '' && encoding !== 'identity';
}

/** The answer names the accepted coding: RFC 9110 section 15.5.16. */
function unsupportedEncoding(): Problem {
  return new Problem('unsupported-media-type', {
    detail: 'Bodies with a Content-Encoding are not accepted: send the JSON as it is.',
    headers: { 'accept-encoding': 'identity' },
  });
}

function fillBody(request: FastifyRequest, _reply: unknown, done: () => void): void {
  if (request.body === undefined) request.body = {};
  done();
}

/**
 * Tells whether JSON is nested deeper than a limit. It counts the brackets outside of strings, also in text
 * that is not JSON.
 */
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
