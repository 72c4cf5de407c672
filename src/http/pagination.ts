import type { FastifyRequest } from 'fastify';
import { pathBehind } from '../lib/path-behind.ts';

/**
 * The part that a request target may have before its path, which the router ignores: RFC 9112 section 3.2.2.
 */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/]*/i;

/** Builds the value of the `Link` header (RFC 8288 section 3) for the next page, with the same filters. */
export function nextPage({ url, server }: FastifyRequest, nextCursor: string): string {
  const queryAt = url.indexOf('?');
  const path = (queryAt === -1 ? url : url.slice(0, queryAt)).replace(ORIGIN, '');
  const parameters = new URLSearchParams(queryAt === -1 ? '' : url.slice(queryAt));
  parameters.set('cursor', nextCursor);
  // The public URL has the path of the service already.
  return `<${server.config.publicUrl}${pathBehind(server.servicePath, path)}?${parameters}>; rel="next"`;
}
