import '@fastify/jwt';
import type { AccessTokenClaims } from '../tokens/claims.ts';

declare module '@fastify/jwt' {
  /**
   * Types `request.user` in an app without tokens of its own: `import 'latchkey/request-user'`. An app that
   * registers @fastify/jwt for other tokens leaves the import out and types its own user.
   */
  interface FastifyJWT {
    /** The frozen claims of the caller's access token; undefined on public routes. */
    user: AccessTokenClaims | undefined;
  }
}
