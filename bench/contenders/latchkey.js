// Latchkey embedded as in docs/guides/own-routes.md: a custom route that needs level 1, and one that is public.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeApiKey } from '../../src/accounts/api-keys/create.ts';
import { buildUserRow } from '../../src/accounts/users/users.ts';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/index.ts';
import { insertRows } from '../../src/db/raw/insert.ts';
import { serviceOf } from '../../src/service/service-of.ts';
import { hashApiKey } from '../../src/tokens/api-key.ts';
import { announce, answer, answerSchema, issueTokens, privateKey } from './kit.js';

const folder = mkdtempSync(join(tmpdir(), 'bench-latchkey-'));
const config = parseConfig({
  DATA_DIR: folder,
  DATABASE_URL: `file:${join(folder, 'latchkey.db')}`,
  JWT_PRIVATE_KEY: privateKey,
  ACCESS_TOKEN_TTL: '3600',
  // One client sends all requests. The other contenders do not log either.
  RATE_LIMIT: '0',
  // An idle process reads the rows of the first request, and these tokens have no sessions.
  POLL_INTERVAL: process.env.BENCH_POLL_INTERVAL ?? '60',
  LOG_LEVEL: 'warn',
});
const server = await buildApp(config, {
  routes: async (routes) => {
    const schema = { response: { 200: answerSchema } };
    const come = (_request, reply) => {
      reply.send(answer);
    };
    routes.get('/come-in', { config: { access: 'user' }, schema }, come);
    routes.get('/public', { config: { access: 'public' }, schema }, come);
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

// With BENCH_KEYS, the clients have so many API keys of one user in place of tokens.
const keys = Number(process.env.BENCH_KEYS ?? 0);
announce(`${app.server.address().port}/come-in`, keys > 0 ? await makeKeys(keys) : issueTokens(app));

/** @param {number} count */
async function makeKeys(count) {
  const { db } = app.accounts;
  const user = { name: 'Bench', email: 'bench@example.com', passwordHash: '', access: 1 };
  const { id: userId } = await db.user.create({ data: buildUserRow(user) });
  const made = Array.from({ length: count }, () => makeApiKey());
  const createdAt = new Date();
  const expiresAt = new Date(createdAt.getTime() + 86_400_000);
  const limits = { access: 1, operations: null, standsForSignIn: false };
  const common = { userId, name: 'bench', ...limits, epoch: 0, createdAt, expiresAt };
  const rows = made.map(({ id, key }) => ({ id, hash: hashApiKey(key), ...common }));
  await db.transaction((tx) => insertRows(tx, 'ApiKey', rows));
  return made.map(({ key }) => key);
}
