// A Fastify route that makes the database call of GET /me and checks nothing: what that is compared with.
import Fastify from 'fastify';
import { User } from '../../dist/accounts/user.schemas.js';
import { userColumns } from '../../dist/accounts/users.js';
import { openDatabase } from '../../dist/db/client.js';

const { db } = openDatabase(process.env.DATABASE_URL ?? '');
const id = process.env.BENCH_USER ?? '';

const app = Fastify();
app.get('/me', { schema: { response: { 200: User } } }, async () => {
  const row = await db.user.findUnique({ where: { id }, select: userColumns });
  return {
    ...row,
    accessName: 'user',
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
});
await app.listen({ port: 0 });
const url = `http://127.0.0.1:${app.server.address().port}`;
process.stdout.write(`${JSON.stringify({ url, tokens: ['none'] })}\n`);
