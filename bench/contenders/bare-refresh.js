// Baseline of POST /refresh: only its transaction, without verifying or making a token.
import Fastify from 'fastify';
import { openDatabase } from '../../src/db/open.ts';

const { db } = openDatabase(process.env.DATABASE_URL ?? '');

const app = Fastify();
app.post('/refresh', async ({ body }) => {
  const [id] = body.refreshToken.split('.');
  await db.transaction(async (tx) => {
    const { rotation } = await tx.session.findUnique({ where: { id }, include: { user: true } });
    const data = { rotation: rotation + 1, rotatedAt: new Date(), idleUntil: new Date() };
    await tx.session.updateMany({ where: { id, rotation }, data });
  });
  return body;
});
await app.listen({ port: 0 });
const url = `http://127.0.0.1:${app.server.address().port}`;
process.stdout.write(`${JSON.stringify({ url, tokens: ['none'] })}\n`);
