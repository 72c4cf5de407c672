import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Returns the IP address of the client. The entry of X-Forwarded-For behind the trusted proxies may be any
 * text: then the address is the one of the connection.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  return isIP(ip) === 0 ? (socket.remoteAddress ?? '') : ip;
}
