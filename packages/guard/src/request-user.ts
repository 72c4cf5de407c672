import type { Caller } from './rule.ts';

// Types for apps without another `request.user`: `import '@latchkey/guard/request-user'`.

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller; undefined on public routes. */
    readonly user: Caller | undefined;
  }
}
