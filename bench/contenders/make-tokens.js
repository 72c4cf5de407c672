// Writes BENCH_TOKENS tokens of Latchkey into BENCH_FILE, one per line. In a process that is not measured.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/index.ts';
import { serviceOf } from '../../src/service/service-of.ts';
import { issueTokens, privateKey } from './kit.js';

const folder = mkdtempSync(join(tmpdir(), 'bench-latchkey-'));
const app = serviceOf(
  await buildApp(
    parseConfig({
      DATA_DIR: folder,
      DATABASE_URL: `file:${join(folder, 'latchkey.db')}`,
      PUBLIC_URL: 'http://127.0.0.1:3000',
      JWT_PRIVATE_KEY: privateKey,
      ACCESS_TOKEN_TTL: '3600',
      LOG_LEVEL: 'warn',
    }),
  ),
);
const tokens = issueTokens(app);
writeFileSync(process.env.BENCH_FILE ?? '', `${tokens.join('\n')}\n`);
process.stdout.write(`${JSON.stringify({ url: 'http://127.0.0.1', tokens: [] })}\n`);
