// Better Auth with its bearer plugin on Fastify and SQLite. It checks the session on each request, as in its
// guide.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders } from 'better-auth/node';
import { bearer } from 'better-auth/plugins';
import Database from 'better-sqlite3';
import Fastify from 'fastify';
import { announce, answer, answerSchema } from './kit.js';

const options = {
  database: new Database(join(mkdtempSync(join(tmpdir(), 'bench-better-auth-')), 'auth.db')),
  secret: 'a secret of the benchmark, of 32 characters',
  baseURL: 'http://127.0.0.1',
  emailAndPassword: { enabled: true },
  user: { additionalFields: { access: { type: 'number', defaultValue: 1, input: false } } },
  plugins: [bearer()],
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
};
const { runMigrations } = await getMigrations(options);
await runMigrations();
const auth = betterAuth(options);
const body = { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery staple' };
const { token } = await auth.api.signUpEmail({ body });

const app = Fastify();
const requireAccess = (minimum) => async (request, reply) => {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
  if (session === null) return reply.code(401).send({ message: 'Unauthorized' });
  if (!(session.user.access >= minimum)) return reply.code(403).send({ message: 'Forbidden' });
};
app.get(
  '/',
  { preHandler: requireAccess(1), schema: { response: { 200: answerSchema } } },
  async () => answer,
);
await app.listen({ port: 0 });
announce(app.server.address().port, [token]);
