import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requireSameOrigin } from '../accounts/sessions/same-origin.ts';
import { IDLE_TIMEOUT_MS, type SessionOptions } from '../accounts/sessions/sessions.ts';
import type { Config } from '../config/index.ts';
import { isLoopback } from '../lib/loopback.ts';
import { invalidBody, Problem } from '../problems/problem.ts';
import { requestContextOf } from './request-context.ts';
import { isSameOrigin } from './same-origin.ts';

type CookieConfig = Pick<Config, 'publicUrl' | 'cookiesOverHttp'>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for the routes that take the cookie of a session as proof. */
    sessionCookie?: true;
  }
}

/** The default port of http, which a URL leaves out. */
const HTTP_PORT = 80;

/**
 * The name with https. Browsers take a cookie with this prefix only over TLS and without a domain, so that
 * neither the network nor a subdomain can set it (RFC 6265bis section 4.1.3.2).
 */
export const SECURE_COOKIE_NAME = '__Host-latchkey';

/** The member of a sign-in's body that says where the refresh token goes. */
export const SessionKind = Type.Optional(
  Type.Enum(['tokens', 'cookie'], {
    description:
      '`cookie`: the refresh token goes into a cookie, and not into the answer; for pages of the same origin. `tokens` by default',
    examples: ['tokens'],
  }),
);

/** The header of an answer that may set the cookie of a session, or remove it. */
export const SetCookie = Type.String({
  description: `the refresh token of a session in a cookie: \`${SECURE_COOKIE_NAME}\`, \`HttpOnly; Secure; SameSite=Strict; Path=/\``,
});

/**
 * Returns the name of the cookie. Cookies are shared by all ports of a host (RFC 6265 section 8.5), and on a
 * developer's machine several services run on one. So the plain name has the port.
 */
export function cookieNameOf({ publicUrl }: Pick<Config, 'publicUrl'>): string {
  const { protocol, port } = new URL(publicUrl);
  return protocol === 'https:' ? SECURE_COOKIE_NAME : `latchkey-${port || HTTP_PORT}`;
}

/**
 * Tells whether a cookie is safe on its way: by TLS, as PUBLIC_URL says and never the request, or because it
 * does not leave the machine.
 */
export function canUseCookies({ publicUrl, cookiesOverHttp }: CookieConfig): boolean {
  const { protocol, hostname } = new URL(publicUrl);
  return protocol === 'https:' || isLoopback(hostname) || cookiesOverHttp;
}

/**
 * Returns the wishes of a sign-in for its session.
 *
 * @throws {Problem} `cookies-need-https`; `same-origin-required`
 */
export function sessionOptionsOf(
  request: FastifyRequest,
  { access: accessCap, session }: { readonly access?: number; readonly session?: 'tokens' | 'cookie' },
): SessionOptions {
  if (session !== 'cookie') return { accessCap };
  if (!canUseCookies(request.server.config)) throw new Problem('cookies-need-https');
  requireSameOrigin(requestContextOf(request));
  return { accessCap, cookie: true };
}

/**
 * Reads the cookie of a session. Where a request has two cookies of this name, another host has set one of
 * them, and nothing tells which: then neither counts.
 *
 * @returns undefined for a request that does not come from a page of the same origin
 */
export function readSessionCookie(request: FastifyRequest): string | undefined {
  const { headers, server } = request;
  if (headers.cookie === undefined || !isSameOrigin(request) || !canUseCookies(server.config))
    return undefined;
  const name = cookieNameOf(server.config);
  const values = headers.cookie.split(';').flatMap((pair) => parseCookie(pair)[name] ?? []);
  return values.length === 1 ? values[0] : undefined;
}

/** A refresh token, and the place that it was in. */
export interface GivenRefreshToken {
  readonly text: string;
  readonly isInCookie: boolean;
}

/**
 * Finds the refresh token of a request: in its body, or in its cookie.
 *
 * @throws {Problem} `validation-failed` when it has both
 */
export function findRefreshToken(
  request: FastifyRequest,
  { refreshToken }: { readonly refreshToken?: string },
): GivenRefreshToken | undefined {
  const cookie = readSessionCookie(request);
  if (cookie === undefined)
    return refreshToken === undefined ? undefined : { text: refreshToken, isInCookie: false };
  if (refreshToken !== undefined)
    throw invalidBody('/refreshToken', 'conflict', 'must not be sent beside the cookie of a session');
  return { text: cookie, isInCookie: true };
}

/** Sets the cookie of a session. It lasts as long as the session does when it is not used. */
export function setSessionCookie(reply: FastifyReply, refreshToken: string): void {
  writeCookie(reply, refreshToken, IDLE_TIMEOUT_MS);
}

/** Removes the cookie from the browser. */
export function clearSessionCookie(reply: FastifyReply): void {
  writeCookie(reply, '', 0);
}

function writeCookie(reply: FastifyReply, value: string, lifetimeMs: number): void {
  const { config } = reply.server;
  const cookie = stringifySetCookie({
    name: cookieNameOf(config),
    value,
    maxAge: lifetimeMs / 1_000,
    path: '/',
    httpOnly: true,
    secure: config.publicUrl.startsWith('https:'),
    sameSite: 'strict',
  });
  reply.header('set-cookie', cookie);
}
