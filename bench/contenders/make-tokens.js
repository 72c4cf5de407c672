// Writes tokens of Latchkey's into a file, a line each: BENCH_TOKENS of them into BENCH_FILE. Not in the process that is measured.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../dist/app.js';
import { parseConfig } from '../../dist/config.js';
import { privateKey } from './kit.js';

const folder = mkdtempSync(join(tmpdir(), 'bench-latchkey-'));
const app = await buildApp(
  parseConfig({
    DATA_DIR: folder,
    DATABASE_URL: `file:${join(folder, 'latchkey.db')}`,
    PUBLIC_URL: 'http://127.0.0.1:3000',
    JWT_PRIVATE_KEY: privateKey,
    ACCESS_TOKEN_TTL: '3600',
    LOG_LEVEL: 'warn',
  }),
);
const now = new Date();
const subject = {
  access: 1,
  generation: 0,
  authenticatedAt: now,
  expiresAt: new Date(now.getTime() + 86_400_000),
};
const tokens = Array.from({ length: Number(process.env.BENCH_TOKENS) }, () => {
  const ids = { userId: crypto.randomUUID(), sessionId: crypto.randomUUID() };
  return app.tokens.issue({ ...subject, ...ids }).accessToken;
});
writeFileSync(process.env.BENCH_FILE ?? '', `${tokens.join('\n')}\n`);
process.stdout.write(`${JSON.stringify({ url: 'http://127.0.0.1', tokens: [] })}\n`);
