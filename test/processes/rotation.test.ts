/**
 * Rotation of keys and of the secret, as docs/guides/key-rotation.md describes it, over two processes. They
 * are restarted one by one.
 *
 * @runs once, on Postgres: keys and secrets come from the environment.
 */
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import t from 'tap';
import type { Variables } from '../child.ts';
import { PUBLIC_URL } from '../helper.ts';
import { createCluster, isAccepted, type Member } from './cluster.ts';

/** Shortest lifetime that is allowed. */
const LIFETIME_SECONDS = 10;

const es256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const eddsa = generateKeyPairSync('ed25519');
const rs256 = generateKeyPairSync('rsa', { modulusLength: 2048 });

const signsWith = ({ privateKey }: KeyPairKeyObjectResult) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const accepts = (...pairs: KeyPairKeyObjectResult[]) =>
  pairs.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }).toString()).join('');

const [oldSecret, newSecret] = ['old secret '.repeat(4), 'new secret '.repeat(4)];

interface Step {
  readonly variables: Variables;
  /** Key of the tokens that are signed from then on. */
  readonly algorithm: 'ES256' | 'EdDSA' | 'RS256';
  /** Keys in the key set. */
  readonly keys: number;
  /** True when earlier tokens have to expire first. */
  readonly afterLifetime?: boolean;
}

/**
 * Steps of the rotation; each is applied to one process after the other. The secret is rotated beside the
 * keys.
 */
const steps: Record<string, Step> = {
  'publish the next key and secret': {
    variables: {
      JWT_PRIVATE_KEY: signsWith(es256),
      JWT_PREVIOUS_KEYS: accepts(eddsa),
      SECRET: oldSecret,
      SECRET_PREVIOUS: newSecret,
    },
    algorithm: 'ES256',
    keys: 2,
  },
  'switch to them, and go on accepting the old ones': {
    variables: {
      JWT_PRIVATE_KEY: signsWith(eddsa),
      JWT_PREVIOUS_KEYS: accepts(es256),
      SECRET: newSecret,
      SECRET_PREVIOUS: oldSecret,
    },
    algorithm: 'EdDSA',
    keys: 2,
  },
  'one lifetime later, remove the old ones and publish the next key': {
    variables: { JWT_PRIVATE_KEY: signsWith(eddsa), JWT_PREVIOUS_KEYS: accepts(rs256), SECRET: newSecret },
    algorithm: 'EdDSA',
    keys: 2,
    afterLifetime: true,
  },
  'switch again': {
    variables: { JWT_PRIVATE_KEY: signsWith(rs256), JWT_PREVIOUS_KEYS: accepts(eddsa), SECRET: newSecret },
    algorithm: 'RS256',
    keys: 2,
  },
};

const first: Variables = { JWT_PRIVATE_KEY: signsWith(es256), SECRET: oldSecret };

t.test('Keys and secret are rotated without signing out a user', async (t) => {
  const cluster = await createCluster(t, { ACCESS_TOKEN_TTL: String(LIFETIME_SECONDS) });
  const members: [Member, Member] = await Promise.all([cluster.start(first), cluster.start(first)]);
  const people = [await cluster.person(members[0], 1), await cluster.person(members[1], 1)];
  const refreshTokens = people.map(({ refreshToken }) => refreshToken);
  let live = people.map(({ token }) => token);

  const isLive = (token: string) => (decodeJwt(token).exp ?? 0) * 1000 > Date.now() + 1_000;
  /** Checks that either process accepts every token that has not expired. */
  const checkTokens = async (when: string): Promise<void> => {
    live = live.filter(isLive);
    for (const [index, member] of members.entries()) {
      for (const token of live) {
        const accepted = await isAccepted(member, token);
        const { alg } = decodeProtectedHeader(token);
        if (accepted || isLive(token)) t.ok(accepted, `${when}: ${alg} at ${index}`);
      }
    }
  };
  /** Refreshes every session, each time at the other process. */
  const refreshAll = async (when: string, turn: number): Promise<void> => {
    for (const [index, refreshToken] of refreshTokens.entries()) {
      const at = members[(index + turn) % 2] ?? members[0];
      const { status, body } = await at.ask('POST', '/refresh', { body: { refreshToken } });
      t.equal(status, 200, `${when}: refresh`);
      refreshTokens[index] = body.refreshToken;
      live.push(body.accessToken);
    }
  };
  const keySet = async (at: Member): Promise<JSONWebKeySet> =>
    (await at.ask('GET', '/.well-known/jwks.json')).body;

  t.equal((await keySet(members[0])).keys.length, 1);
  for (const [name, { variables, algorithm, keys, afterLifetime }] of Object.entries(steps)) {
    if (afterLifetime) {
      const others = live.filter((token) => decodeProtectedHeader(token).alg !== algorithm);
      await wait(Math.max(...others.map((token) => (decodeJwt(token).exp ?? 0) * 1_000)) - Date.now());
    }
    const known = await keySet(members[0]);
    for (const index of [0, 1] as const) {
      const when = `${name} (${index})`;
      await members[index].stop();
      members[index] = await cluster.start(variables);
      await checkTokens(when);
      for (const turn of [0, 1]) await refreshAll(when, turn);
      await checkTokens(when);
      t.equal((await keySet(members[index])).keys.length, keys, when);
      // A client that fetched the key set before this step can verify tokens signed after it.
      for (const token of live.filter(isLive))
        await jwtVerify(token, createLocalJWKSet(known), {
          issuer: PUBLIC_URL,
          audience: PUBLIC_URL,
          typ: 'at+jwt',
        });
    }
    const latest = live.slice(-people.length).map((token) => decodeProtectedHeader(token).alg);
    t.strictSame([...new Set(latest)], [algorithm], name);
  }
  for (const { stop } of members) await stop();
});
