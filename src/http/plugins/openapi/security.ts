import type { RouteOptions } from 'fastify';
import type { Declaration } from '../../../access/declaration.ts';
import { SECURE_COOKIE_NAME } from '../../session-cookie.ts';
import { securitySchemes } from './host-document.ts';

/** The security schemes of the service: of guarded operations, and of the two that read a cookie. */
export const serviceSecuritySchemes = {
  ...securitySchemes,
  sessionCookie: {
    type: 'apiKey',
    in: 'cookie',
    name: SECURE_COOKIE_NAME,
    description:
      'The session of a page of the same origin. Where `PUBLIC_URL` is http, its name is `latchkey-` and the port.',
  },
} as const;

/** Returns the security requirements. One of them is enough; the empty one means none. */
export function securityOf(
  { config }: RouteOptions,
  { minimum, session }: Pick<Declaration, 'minimum' | 'session'>,
): Record<string, string[]>[] {
  const accepted = session ? [{ accessToken: [] }] : [{ accessToken: [] }, { apiKey: [] }];
  if (minimum !== null) return accepted;
  const schemes = [
    ...(config?.token === 'optional' ? accepted : []),
    ...(config?.sessionCookie === true ? [{ sessionCookie: [] }] : []),
  ];
  return schemes.length === 0 ? [] : [...schemes, {}];
}
