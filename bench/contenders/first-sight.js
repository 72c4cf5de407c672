// Verifies tokens that are in no cache, alternately with Latchkey and with node:crypto alone: GET / answers
// with the microseconds of each.
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/index.ts';
import { serviceOf } from '../../src/service/service-of.ts';
import { issueTokens, privateKey } from './kit.js';

const TOKENS = 2_000;

const folder = mkdtempSync(join(tmpdir(), 'bench-latchkey-'));
const DATABASE_URL = `file:${join(folder, 'latchkey.db')}`;
const app = serviceOf(
  await buildApp(
    parseConfig({ DATA_DIR: folder, DATABASE_URL, JWT_PRIVATE_KEY: privateKey, LOG_LEVEL: 'warn' }),
  ),
);
const tokens = issueTokens(app, TOKENS);
const key = createPublicKey(privateKey);

function checkSignature(token) {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  verify('sha256', Buffer.from(token.slice(0, end)), { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** CPU time, because other processes run on the same core. */
function microseconds(work) {
  const before = process.cpuUsage();
  for (const token of tokens) work(token);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / TOKENS;
}

const server = createServer((_request, response) => {
  // Each one goes first in half of the rounds.
  const halves = [
    [checkSignature, app.tokens.verify],
    [app.tokens.verify, checkSignature],
  ].map(([first, second]) => [microseconds(first), microseconds(second)]);
  const [bare, ours] = [halves[0][0] + halves[1][1], halves[0][1] + halves[1][0]];
  response.end(JSON.stringify({ bare: bare / 2, ours: ours / 2 }));
});
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  process.stdout.write(`${JSON.stringify({ url, tokens: [] })}\n`);
});
