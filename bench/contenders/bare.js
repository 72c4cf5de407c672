// Baseline: a Fastify route without a guard.
import Fastify from 'fastify';
import { announce, answer, answerSchema, makeTokens } from './kit.js';

const app = Fastify();
app.get('/', { schema: { response: { 200: answerSchema } } }, (_request, reply) => {
  reply.send(answer);
});
await app.listen({ port: 0 });
announce(app.server.address().port, makeTokens());
