// @fastify/jwt, as in its README, with its cache when BENCH_CACHE is set.
import fastifyJwt from '@fastify/jwt';
import Fastify from 'fastify';
import { announce, answer, answerSchema, issuer, makeTokens, privateKey, publicKey } from './kit.js';

const app = Fastify();
app.register(fastifyJwt, {
  secret: { private: privateKey, public: publicKey },
  verify: {
    algorithms: ['ES256'],
    allowedIss: issuer,
    allowedAud: issuer,
    ...(process.env.BENCH_CACHE !== undefined && { cache: Number(process.env.BENCH_CACHE) }),
  },
});
app.decorate('requireAccess', (minimum) => async (request, reply) => {
  try {
    await request.jwtVerify();
  } catch (error) {
    return reply.send(error);
  }
  if (!(request.user.access >= minimum)) return reply.code(403).send({ message: 'Forbidden' });
});
app.after(() => {
  const options = { onRequest: [app.requireAccess(1)], schema: { response: { 200: answerSchema } } };
  app.get('/', options, async () => answer);
});
await app.listen({ port: 0 });
announce(app.server.address().port, makeTokens());
