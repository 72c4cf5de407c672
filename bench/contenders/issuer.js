// Latchkey for services elsewhere (BENCH_ISSUER is its URL), on the core of the load: what it does is not
// measured. The first token is an access token of a session, the second an API key.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeApiKey } from '../../src/accounts/api-keys/create.ts';
import { openSession } from '../../src/accounts/sessions/sessions.ts';
import { buildUserRow } from '../../src/accounts/users/users.ts';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/index.ts';
import { serviceOf } from '../../src/service/service-of.ts';
import { hashApiKey } from '../../src/tokens/api-key.ts';
import { privateKey } from './kit.js';

const { BENCH_ISSUER = '', BENCH_ISSUER_CORE = '', BOOTSTRAP_API_KEY } = process.env;
// Where there is no taskset, nothing is bound to a core.
spawnSync('taskset', ['-cp', BENCH_ISSUER_CORE, String(process.pid)]);
const folder = mkdtempSync(join(tmpdir(), 'bench-issuer-'));
const config = parseConfig({
  DATA_DIR: folder,
  DATABASE_URL: `file:${join(folder, 'latchkey.db')}`,
  PUBLIC_URL: BENCH_ISSUER,
  JWT_PRIVATE_KEY: privateKey,
  ACCESS_TOKEN_TTL: '3600',
  BOOTSTRAP_API_KEY,
  RATE_LIMIT: '0',
  LOG_LEVEL: 'warn',
});
const server = await buildApp(config);
await server.listen({ port: Number(new URL(BENCH_ISSUER).port) });
const app = serviceOf(server);
const { db } = app.accounts;
const user = { name: 'Bench', email: 'bench@example.com', passwordHash: '', access: 1 };
const { id: userId } = await db.user.create({ data: buildUserRow(user) });
const origin = { ip: '192.0.2.1', userAgent: 'bench', requestId: null };
const grant = await openSession(app.accounts, { id: userId, epoch: 0 }, origin);
const { id, key } = makeApiKey();
const createdAt = new Date();
const expiresAt = new Date(createdAt.getTime() + 86_400_000);
const limits = { access: 1, operations: null, standsForSignIn: false };
const common = { userId, name: 'bench', ...limits, epoch: 0, createdAt, expiresAt };
await db.apiKey.create({ data: { id, hash: hashApiKey(key), ...common } });
const tokens = [app.tokens.issue(grant).accessToken, key];
process.stdout.write(`${JSON.stringify({ url: BENCH_ISSUER, tokens })}\n`);
