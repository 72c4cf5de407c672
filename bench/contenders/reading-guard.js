// Fastify guard that reads the user's row through Prisma on each request, so that demotions take effect at
// once.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastifyJwt from '@fastify/jwt';
import Fastify from 'fastify';
import { buildUserRow } from '../../src/accounts/users/users.ts';
import { migrate } from '../../src/db/migrations/migrate.ts';
import { openDatabase } from '../../src/db/open.ts';
import { announce, answer, answerSchema, issuer, makeTokens, privateKey, publicKey } from './kit.js';

const url = `file:${join(mkdtempSync(join(tmpdir(), 'bench-prisma-')), 'users.db')}`;
await migrate(url);
const { db } = openDatabase(url);
const ada = buildUserRow({ name: 'Ada', email: 'ada@example.com', passwordHash: '', access: 1 });
const { id } = await db.user.create({ data: ada });

const app = Fastify();
const verify = { algorithms: ['ES256'], allowedIss: issuer, allowedAud: issuer, cache: 10_000 };
app.register(fastifyJwt, { secret: { private: privateKey, public: publicKey }, verify });
const requireAccess = (minimum) => async (request, reply) => {
  await request.jwtVerify();
  const where = { id: request.user.sub };
  const user = await db.user.findUnique({ where, select: { access: true, disabled: true } });
  if (user === null || user.disabled) return reply.code(401).send({ message: 'Unauthorized' });
  if (!(user.access >= minimum)) return reply.code(403).send({ message: 'Forbidden' });
};
const options = { onRequest: [requireAccess(1)], schema: { response: { 200: answerSchema } } };
app.get('/', options, async () => answer);
await app.listen({ port: 0 });
announce(app.server.address().port, makeTokens(id));
