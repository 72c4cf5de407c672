import type { FastifyRequest } from 'fastify';

/**
 * What the log says of a request. Its URL comes without the query, in which mistaken clients put tokens and passwords
 * (RFC 6750 section 5.3).
 */
export function describeRequest({ method, url, host, ip, socket }: FastifyRequest) {
  const { remotePort } = socket;
  return {
    method,
    url: url.split('?', 1)[0] ?? '',
    host,
    remoteAddress: ip,
    ...(remotePort !== undefined && { remotePort }),
  };
}
