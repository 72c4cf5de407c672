// Baseline of GET /me: a Fastify route that reads the same row without a check, through Prisma's client, or,
// with BENCH_DIRECT, with the statement of GET /me.
import Fastify from 'fastify';
import { User } from '../../src/accounts/users/schemas.ts';
import { findCaller, userColumns } from '../../src/accounts/users/users.ts';
import { openDatabase } from '../../src/db/open.ts';

const { db } = openDatabase(process.env.DATABASE_URL ?? '');
const id = process.env.BENCH_USER ?? '';

const app = Fastify();
async function readThroughClient() {
  const row = await db.user.findUnique({ where: { id }, select: userColumns });
  return {
    ...row,
    accessName: 'user',
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

const levels = { nameOf: () => 'user' };
const readDirectly = () => findCaller({ db, levels }, id);

const read = process.env.BENCH_DIRECT === undefined ? readThroughClient : readDirectly;
app.get('/me', { schema: { response: { 200: User } } }, async () => read());
await app.listen({ port: 0 });
const url = `http://127.0.0.1:${app.server.address().port}`;
process.stdout.write(`${JSON.stringify({ url, tokens: ['none'] })}\n`);
