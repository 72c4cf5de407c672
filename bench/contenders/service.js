// Latchkey with BENCH_USERS users in its database, all with the same password. The first, the third and so on
// are disabled.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '../../src/accounts/passwords/hash.ts';
import { openSession } from '../../src/accounts/sessions/sessions.ts';
import { buildUserRow } from '../../src/accounts/users/users.ts';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/index.ts';
import { serviceOf } from '../../src/service/service-of.ts';
import { answer, answerSchema, privateKey } from './kit.js';

const folder = mkdtempSync(join(tmpdir(), 'bench-latchkey-'));
const config = parseConfig({
  DATA_DIR: folder,
  DATABASE_URL: process.env.DATABASE_URL ?? `file:${join(folder, 'latchkey.db')}`,
  JWT_PRIVATE_KEY: privateKey,
  ACCESS_TOKEN_TTL: '3600',
  // The load comes from one machine; X-Forwarded-For names the network.
  TRUST_PROXY: '1',
  RATE_LIMIT: '0',
  LOG_LEVEL: 'warn',
  // Mails are stored and not sent.
  SMTP_URL: 'smtp://127.0.0.1:9',
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
const passwordHash = await hashPassword('correct horse battery staple');
const origin = { ip: '192.0.2.1', userAgent: 'bench', requestId: null };
const users = Number(process.env.BENCH_USERS ?? 1);
const sessions = Number(process.env.BENCH_SESSIONS ?? 1);
const grants = [];
for (let n = 0; n < users; n++) {
  const data = buildUserRow({ name: `User ${n}`, email: `user-${n}@example.com`, passwordHash, access: 1 });
  const { id } = await app.accounts.db.user.create({ data: { ...data, disabled: n % 2 === 0 && users > 1 } });
  if (n !== users - 1) continue;
  for (let m = 0; m < sessions; m++) grants.push(await openSession(app.accounts, { id, epoch: 0 }, origin));
}
const url = `http://127.0.0.1:${app.server.address().port}`;
process.stdout.write(
  `${JSON.stringify({
    url,
    tokens: [app.tokens.issue(grants[0]).accessToken],
    user: grants[0].userId,
    refreshTokens: grants.map((grant) => app.refreshTokens.write(grant)),
  })}\n`,
);
