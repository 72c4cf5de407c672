// A service that takes the tokens of a Latchkey elsewhere: with @latchkey/guard, with jose alone (BENCH_BY is
// jose), or with introspection at each request (introspection).
import Fastify from 'fastify';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { latchkeyGuard } from '../../packages/guard/src/fastify.ts';
import { announce, answer, answerSchema } from './kit.js';

const { BENCH_BY, BENCH_ISSUER = '', BOOTSTRAP_API_KEY: key = '' } = process.env;

const app = Fastify();
const schema = { response: { 200: answerSchema } };
const handler = (_request, reply) => {
  reply.send(answer);
};
const hooks = { jose: byJose, introspection: byIntrospection };
if (BENCH_BY === undefined) {
  await app.register(latchkeyGuard, { issuer: BENCH_ISSUER, key });
  app.get('/', { config: { access: 'user' }, schema }, handler);
} else app.get('/', { onRequest: await hooks[BENCH_BY](), schema }, handler);
await app.listen({ port: 0 });
announce(app.server.address().port, []);

async function byJose() {
  const keys = createLocalJWKSet(await (await fetch(`${BENCH_ISSUER}/.well-known/jwks.json`)).json());
  const options = { issuer: BENCH_ISSUER, audience: BENCH_ISSUER, typ: 'at+jwt' };
  return async ({ headers: { authorization = '' } }, reply) => {
    try {
      const { payload } = await jwtVerify(authorization.slice('Bearer '.length), keys, options);
      if (!(payload.access >= 1)) return reply.code(403).send({ message: 'Forbidden' });
    } catch {
      return reply.code(401).send({ message: 'Unauthorized' });
    }
  };
}

async function byIntrospection() {
  return async ({ headers: { authorization = '' } }, reply) => {
    const asked = await fetch(`${BENCH_ISSUER}/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: new URLSearchParams({ token: authorization.slice('Bearer '.length) }),
    });
    const { active, access } = await asked.json();
    if (active !== true) return reply.code(401).send({ message: 'Unauthorized' });
    if (!(access >= 1)) return reply.code(403).send({ message: 'Forbidden' });
  };
}
