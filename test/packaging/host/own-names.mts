import fastifyJwt from '@fastify/jwt';
import Fastify from 'fastify';
import latchkey, { claimsOf } from 'latchkey';

/** An app with tokens of its own, and with names that the service has in its own scope. */
declare module 'fastify' {
  interface FastifyInstance {
    readonly config: { readonly title: string };
    readonly database: string;
    authenticate: () => Promise<void>;
  }
}
declare module '@fastify/jwt' {
  interface FastifyJWT {
    user: { id: number };
  }
}

const app = Fastify();
await app.register(fastifyJwt, { secret: 'a secret of somebody else' });
await app.register(latchkey, { prefix: '/auth', authenticate: false });
app.get('/reports', { config: { access: 'user' } }, async (request) => ({
  theirs: request.user.id,
  ours: claimsOf(request).sub,
  title: app.config.title,
}));
