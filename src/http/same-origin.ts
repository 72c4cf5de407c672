import type { FastifyRequest } from 'fastify';

/**
 * Tells whether a request comes from a page of the origin of PUBLIC_URL. A browser says so itself in
 * `Sec-Fetch-Site` (W3C Fetch Metadata), and then nothing else counts. Old browsers, and any browser on plain
 * http, send `Origin` instead (RFC 6454 section 7). A request with neither is no request of a page.
 */
export function isSameOrigin({ headers, server }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return headers.origin !== undefined && headers.origin === new URL(server.config.publicUrl).origin;
}
