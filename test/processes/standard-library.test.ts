/**
 * Access tokens and a standard JWT library that knows only the address of the key set.
 *
 * @runs once, on SQLite: tokens are verified without a database.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, decodeProtectedHeader, type JWTVerifyOptions, jwtVerify } from 'jose';
import t from 'tap';
import { PUBLIC_URL, startApi } from '../helper.ts';

const keys: Record<string, () => KeyObject> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};

const publicMembers = {
  ES256: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
  EdDSA: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
  RS256: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
};

for (const [algorithm, members] of Object.entries(publicMembers)) {
  t.test(`A token signed with ${algorithm} is verified from the key set alone`, async (t) => {
    const pem = keys[algorithm]?.().export({ type: 'pkcs8', format: 'pem' }).toString() ?? '';
    const { server, ask, person } = await startApi(t, { JWT_PRIVATE_KEY: pem });
    const { id, token } = await person(1);
    const address = `${await server.listen({ host: '127.0.0.1', port: 0 })}/.well-known/jwks.json`;

    const options: JWTVerifyOptions = { issuer: PUBLIC_URL, audience: PUBLIC_URL, typ: 'at+jwt' };
    const verify = (jwt: string, changed: JWTVerifyOptions = {}) =>
      jwtVerify(jwt, createRemoteJWKSet(new URL(address)), { ...options, ...changed });
    const { payload, protectedHeader } = await verify(token, { algorithms: [algorithm] });
    t.match(payload, { sub: id, access: 1, client_id: 'latchkey', gen: 0, sid: String, jti: String });
    t.strictSame(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
    t.equal(protectedHeader.alg, algorithm);

    await t.rejects(verify(token, { issuer: 'https://elsewhere.example' }), {
      code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
    });
    await t.rejects(verify(token, { typ: 'JWT' }), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    const later = { currentDate: new Date((payload.exp ?? 0) * 1000) };
    await t.rejects(verify(token, later), { code: 'ERR_JWT_EXPIRED' });
    const [header, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ ...payload, access: 2 })).toString('base64url');
    const altered = `${header}.${claims}.${signature}`;
    await t.rejects(verify(altered), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });

    const { status, headers, body } = await ask('GET', '/.well-known/jwks.json');
    t.equal(status, 200);
    t.equal(headers['cache-control'], 'public, max-age=600');
    t.strictSame(
      body.keys.map((jwk: object) => Object.keys(jwk).sort()),
      [members],
      'the public members and no other',
    );
    t.match(body.keys, [{ alg: algorithm, use: 'sig', kid: decodeProtectedHeader(token).kid }]);
  });
}
