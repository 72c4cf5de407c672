// Shared code of the contenders: the key, the tokens, the answer, and the message that they listen.
import { createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto';

export const issuer = 'http://127.0.0.1';
export const privateKey = process.env.BENCH_PRIVATE_KEY ?? '';
export const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

/** Answer of each contender to clients with level 1 or higher. */
export const answer = { message: 'You may come in', minimum: 1 };
export const answerSchema = {
  type: 'object',
  properties: { message: { type: 'string' }, minimum: { type: 'integer' } },
};

/** Number of different tokens. */
const count = Number(process.env.BENCH_TOKENS ?? 1);

/** Access tokens, ES256, with the claims of Latchkey's. @param {string} [subject] */
export function makeTokens(subject) {
  const key = createPrivateKey(privateKey);
  const now = Math.floor(Date.now() / 1000);
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return Array.from({ length: count }, () => {
    const claims = {
      iss: issuer,
      aud: issuer,
      sub: subject ?? randomUUID(),
      sid: randomUUID(),
      client_id: 'latchkey',
      access: 1,
      acr: '1',
      amr: ['pwd'],
      gen: 0,
      auth_time: now,
      iat: now,
      exp: now + 3600,
      jti: randomUUID(),
    };
    const text = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  });
}

/**
 * Access tokens that Latchkey itself issues, each for another user.
 *
 * @param {any} app
 * @param {number} [number] of tokens
 */
export function issueTokens(app, number = count) {
  const now = new Date();
  const subject = {
    access: 1,
    acr: '1',
    amr: ['pwd'],
    generation: 0,
    authenticatedAt: now,
    issuedAt: now,
    expiresAt: new Date(now.getTime() + 86_400_000),
  };
  return Array.from({ length: number }, () => {
    const ids = { userId: randomUUID(), sessionId: randomUUID() };
    return app.tokens.issue({ ...subject, ...ids }).accessToken;
  });
}

/**
 * Prints the address and the accepted tokens.
 *
 * @param {string | number} port the port, and the path when it is not /
 * @param {readonly string[]} tokens
 */
export function announce(port, tokens) {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}`, tokens })}\n`);
}
