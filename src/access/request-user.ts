import '@fastify/jwt';
import type { CallerClaims } from './api-key-claims.ts';
import type { authenticateOnly } from './guard.ts';

// Types for apps without tokens of their own: `import 'latchkey/request-user'`. Apps with such tokens have
// other types under these names, and leave the import out.

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** The frozen claims of the caller's access token or API key; undefined on public routes. */
    user: CallerClaims | undefined;
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The onRequest hook of a route that needs a token of any level: `onRequest: [app.authenticate]`. */
    readonly authenticate: typeof authenticateOnly;
  }
}
