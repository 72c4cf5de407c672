// Latchkey embedded as in docs/guides/own-routes.md: a custom route that needs level 1.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/index.ts';
import { serviceOf } from '../../src/service/service-of.ts';
import { announce, answer, answerSchema, issueTokens, privateKey } from './kit.js';

const folder = mkdtempSync(join(tmpdir(), 'bench-latchkey-'));
const config = parseConfig({
  DATA_DIR: folder,
  DATABASE_URL: `file:${join(folder, 'latchkey.db')}`,
  JWT_PRIVATE_KEY: privateKey,
  ACCESS_TOKEN_TTL: '3600',
  // One client sends all requests. The other contenders do not log either.
  RATE_LIMIT: '0',
  LOG_LEVEL: 'warn',
});
const server = await buildApp(config, {
  routes: async (routes) => {
    const schema = { response: { 200: answerSchema } };
    routes.get('/come-in', { config: { access: 'user' }, schema }, (_request, reply) => {
      reply.send(answer);
    });
  },
});
await server.listen({ port: 0 });
const app = serviceOf(server);

// Revocations that the guard has to search: BENCH_REVOCATIONS of them, half for users and half for sessions.
const revocations = Array.from({ length: Number(process.env.BENCH_REVOCATIONS ?? 0) }, (_, n) => ({
  ...(n % 2 === 0 ? { userId: crypto.randomUUID(), generation: 1 } : { sessionId: crypto.randomUUID() }),
  lastIssuedAt: null,
}));
app.revocations.apply(revocations, new Date());

const tokens = issueTokens(app);
announce(`${app.server.address().port}/come-in`, tokens);
