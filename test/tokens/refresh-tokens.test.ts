/**
 * Tests the format of refresh tokens.
 *
 * @runs once, on SQLite: it uses no database.
 */
import { createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import t from 'tap';
import { Hmac } from '#latchkey/crypto/hmac.ts';
import { RefreshTokens } from '#latchkey/tokens/refresh-tokens.ts';

const [current, previous, other] = ['the current secret', 'the previous one', 'of somebody else'];
const tokens = new RefreshTokens({ current, previous });
const sessionId = randomUUID();

t.test('A refresh token contains its session and its rotation', async (t) => {
  for (const rotation of [0, 1, 9, 10, 4_000_000_000])
    t.strictSame(tokens.read(tokens.write({ sessionId, rotation })), { sessionId, rotation });
});

t.test('A refresh token is the same each time, in every process', async (t) => {
  const elsewhere = new RefreshTokens({ current, previous: undefined });
  t.equal(elsewhere.write({ sessionId, rotation: 7 }), tokens.write({ sessionId, rotation: 7 }));
  const all = Array.from({ length: 1000 }, (_, rotation) => tokens.write({ sessionId, rotation }));
  t.equal(new Set(all).size, 1000, 'and another for each rotation');
});

t.test('The HMAC of a refresh token has its own key, derived from SECRET (RFC 5869, RFC 2104)', async (t) => {
  const key = Buffer.from(hkdfSync('sha256', current, '', 'latchkey refresh-token', 32));
  const message = `${sessionId}.3`;
  const code = createHmac('sha256', key).update(message).digest('base64url');
  t.equal(tokens.write({ sessionId, rotation: 3 }), `${message}.${code}`);
});

t.test(
  'The previous secret verifies refresh tokens but does not sign them, and a third secret does neither',
  async (t) => {
    const contents = { sessionId, rotation: 1 };
    const old = new RefreshTokens({ current: previous, previous: undefined });
    t.strictSame(tokens.read(old.write(contents)), contents);
    t.equal(old.read(tokens.write(contents)), undefined);
    t.equal(tokens.read(new RefreshTokens({ current: other, previous: current }).write(contents)), undefined);
  },
);

t.test('A string of another form is not a refresh token', async (t) => {
  const token = tokens.write({ sessionId, rotation: 1 });
  const code = token.split('.')[2] ?? '';
  const strings = [
    '',
    '..',
    sessionId,
    `${token}.`,
    `.${token}`,
    `${token}\n`,
    `\n${token}`,
    token.toUpperCase(),
    `${sessionId}.2.${code}`,
    `${sessionId}.+1.${code}`,
    `${sessionId}.1.0.${code}`,
    `${sessionId}.10000000000.${code}`,
    `${randomUUID()}.1.${code}`,
    `${sessionId}.1.${randomBytes(32).toString('base64url')}`,
    `${sessionId}.1.${Buffer.from(code, 'base64url').toString('base64')}`,
    'x'.repeat(100_000),
  ];
  for (const string of strings) t.equal(tokens.read(string), undefined, string.slice(0, 100));
});

t.test('A refresh token with one changed bit in its HMAC is refused', async (t) => {
  const token = tokens.write({ sessionId, rotation: 1 });
  const [sid, rotation, code = ''] = token.split('.');
  const bytes = Buffer.from(code, 'base64url');
  for (let bit = 0; bit < 256; bit++) {
    const altered = Buffer.from(bytes);
    altered[bit >> 3]! ^= 1 << (bit & 7);
    const name = `bit ${bit}`;
    t.equal(tokens.read(`${sid}.${rotation}.${altered.toString('base64url')}`), undefined, name);
  }
});

t.test('The HMAC of a refresh token has one spelling', async (t) => {
  const hmac = new Hmac({ current, previous }, 'refresh-token');
  const code = hmac.sign('message');
  t.ok(hmac.matches('message', code));
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const others = [...alphabet]
    .map((last) => code.slice(0, -1) + last)
    .filter((spelling) => spelling !== code);
  t.equal(others.length, 63, 'three of which mean the same 32 bytes');
  for (const spelling of [...others, `${code}=`, ` ${code}`, `${code}\n`, code.slice(0, 42), `${code}A`])
    t.notOk(hmac.matches('message', spelling), JSON.stringify(spelling.slice(-3)));
});
