/** Tests loading keys: a valid key signs and verifies, and an invalid one stops the boot with one line. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ConfigError, parseConfig } from '#latchkey/config/index.ts';
import type { Algorithm } from '#latchkey/tokens/generate-key.ts';
import { type Keys, loadKeys, toJwk } from '#latchkey/tokens/keys.ts';
import { temporaryFolder } from '../child.ts';
import { startApi } from '../helper.ts';

const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 });
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
const x25519 = generateKeyPairSync('x25519');

/** Loads the keys of these variables, in a new data folder. */
async function load(t: Test, variables: Record<string, string>): Promise<Keys> {
  return loadKeys(parseConfig({ DATA_DIR: await temporaryFolder(t), ...variables }));
}

/** Returns the line with which these variables stop the boot. */
async function refusal(t: Test, variables: Record<string, string>, name: string): Promise<string> {
  try {
    await load(t, variables);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    t.notMatch(error.message, /\n/, `${name}: one line`);
    t.notMatch(error.message, /BEGIN|MI[A-Z]{2}/, `${name}: the key is not repeated`);
    return error.message;
  }
  return 'nothing is wrong';
}

t.test('The type of the signing key decides the algorithm', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'key.pem');
  await writeFile(path, pkcs8(ed.privateKey));
  const sources: Record<string, { value: string; algorithm: Algorithm; key: KeyObject }> = {
    'P-256, PKCS #8': { value: pkcs8(ec.privateKey), algorithm: 'ES256', key: ec.publicKey },
    'P-256, SEC 1': {
      value: ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
      algorithm: 'ES256',
      key: ec.publicKey,
    },
    'Ed25519, PKCS #8': { value: pkcs8(ed.privateKey), algorithm: 'EdDSA', key: ed.publicKey },
    'RSA, PKCS #8': { value: pkcs8(rsa.privateKey), algorithm: 'RS256', key: rsa.publicKey },
    'RSA, PKCS #1': {
      value: rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      algorithm: 'RS256',
      key: rsa.publicKey,
    },
    'line breaks written as \\n': {
      value: pkcs8(ec.privateKey).replaceAll('\n', '\\n'),
      algorithm: 'ES256',
      key: ec.publicKey,
    },
    'line breaks of Windows': {
      value: pkcs8(ec.privateKey).replaceAll('\n', '\r\n'),
      algorithm: 'ES256',
      key: ec.publicKey,
    },
    'no line break at the end': {
      value: pkcs8(rsa.privateKey).trim(),
      algorithm: 'RS256',
      key: rsa.publicKey,
    },
    'a path': { value: path, algorithm: 'EdDSA', key: ed.publicKey },
  };
  for (const [name, { value, algorithm, key }] of Object.entries(sources)) {
    const { signing, verification } = await load(t, { JWT_PRIVATE_KEY: value });
    t.equal(signing.algorithm, algorithm, name);
    t.equal(signing.publicKey, spki(key), name);
    t.strictSame(
      verification.map(({ kid }) => kid),
      [signing.kid],
      name,
    );
    t.ok(Object.isFrozen(signing), name);
  }
});

t.test('An invalid signing key stops the boot with one line', async (t) => {
  const folder = await temporaryFolder(t);
  const empty = join(folder, 'empty.pem');
  await writeFile(empty, '');
  const isNone = /^JWT_PRIVATE_KEY is not a private key in PEM/;
  const isOther = /^JWT_PRIVATE_KEY must be P-256 \(ES256\), Ed25519 \(EdDSA\) or RSA of 2048 bits or more/;
  const isNothing = /^JWT_PRIVATE_KEY is neither a PEM nor the path of a file that can be read/;
  const encrypted = ec.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  const wrong: Record<string, [value: string, says: RegExp]> = {
    'P-384': [pkcs8(p384.privateKey), isOther],
    'RSA of 1024 bits': [pkcs8(rsa1024.privateKey), isOther],
    'RSA-PSS': [pkcs8(pss.privateKey), isOther],
    X25519: [pkcs8(x25519.privateKey), isOther],
    'an encrypted key': [encrypted.toString(), isNone],
    'a public key': [spki(ec.publicKey), isNone],
    'a PEM of garbage': ['-----BEGIN PRIVATE KEY-----\nZ2FyYmFnZQ==\n-----END PRIVATE KEY-----', isNone],
    'half a PEM': [pkcs8(ec.privateKey).slice(0, 80), isNone],
    'an empty file': [empty, isNone],
    'a path where nothing is': [join(folder, 'nothing.pem'), isNothing],
    'a folder': [folder, isNothing],
    'a text': ['correct horse battery staple', isNothing],
  };
  for (const [name, [value, says]] of Object.entries(wrong))
    t.match(await refusal(t, { JWT_PRIVATE_KEY: value }, name), says, name);
});

t.test('Several previous keys may be given in PEM or as paths', async (t) => {
  const folder = await temporaryFolder(t);
  const paths = [join(folder, 'one.pem'), join(folder, 'two and three.pem')];
  await writeFile(paths[0]!, spki(ed.publicKey));
  await writeFile(paths[1]!, `# two keys\n${spki(rsa.publicKey)}${spki(other.publicKey)}`);
  const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const values: Record<string, [value: string, keys: KeyObject[]]> = {
    'one PEM': [spki(ed.publicKey), [ed.publicKey]],
    'two PEMs': [spki(ed.publicKey) + spki(rsa.publicKey), [ed.publicKey, rsa.publicKey]],
    'two PEMs with \\n': [
      (spki(ed.publicKey) + spki(other.publicKey)).replaceAll('\n', '\\n'),
      [ed.publicKey, other.publicKey],
    ],
    'PKCS #1': [pkcs1, [rsa.publicKey]],
    'a path': [paths[0]!, [ed.publicKey]],
    'paths, with commas and spaces': [paths.join(' , '), [ed.publicKey, rsa.publicKey, other.publicKey]],
    'the signing key once more': [spki(ec.publicKey) + spki(ed.publicKey), [ed.publicKey]],
    'one key twice': [spki(ed.publicKey) + spki(ed.publicKey), [ed.publicKey]],
  };
  for (const [name, [value, keys]] of Object.entries(values)) {
    const { signing, verification } = await load(t, {
      JWT_PRIVATE_KEY: pkcs8(ec.privateKey),
      JWT_PREVIOUS_KEYS: value,
    });
    t.equal(signing.publicKey, spki(ec.publicKey), name);
    t.strictSame(
      verification.map(({ publicKey }) => publicKey),
      [ec.publicKey, ...keys].map(spki),
      `${name}: the signing key first`,
    );
    t.equal(new Set(verification.map(({ kid }) => kid)).size, keys.length + 1, name);
  }
});

const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

t.test('An invalid previous key stops the boot with one line', async (t) => {
  const folder = await temporaryFolder(t);
  const empty = join(folder, 'empty.pem');
  await writeFile(empty, 'no key\n');
  const wrong: Record<string, [value: string, says: RegExp]> = {
    'a private key': [pkcs8(ed.privateKey), /has a private key: give its public key only/],
    'a private key behind a public one': [
      spki(rsa.publicKey) + pkcs8(ed.privateKey),
      /has a private key: give its public key only/,
    ],
    'a private key of SEC 1': [
      ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
      /has a private key: give its public key only/,
    ],
    'P-384': [spki(p384.publicKey), /must be P-256/],
    'RSA of 1024 bits': [spki(rsa1024.publicKey), /must be P-256/],
    garbage: [
      '-----BEGIN PUBLIC KEY-----\nZ2FyYmFnZQ==\n-----END PUBLIC KEY-----',
      /is not public keys in PEM/,
    ],
    'half a PEM': [spki(ed.publicKey).slice(0, 60), /without a key in PEM/],
    'half a PEM before a whole one': [
      spki(ed.publicKey).slice(0, 60) + spki(rsa.publicKey),
      /^JWT_PREVIOUS_KEYS /,
    ],
    'a file without a key': [empty, /without a key in PEM/],
    'a path where nothing is': [join(folder, 'nothing.pem'), /is neither a PEM nor the path of a file/],
    'a comma at the end': [`${empty},`, /^JWT_PREVIOUS_KEYS /],
  };
  for (const [name, [value, says]] of Object.entries(wrong)) {
    const message = await refusal(t, { JWT_PREVIOUS_KEYS: value }, name);
    t.match(message, /^JWT_PREVIOUS_KEYS /, name);
    t.match(message, says, name);
  }
});

t.test('The kid of a key is the thumbprint of RFC 7638', async (t) => {
  // RFC 7638 section 3.1.
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  const rfc7638 = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
  // RFC 8037 appendix A.3, with the private key of appendix A.1.
  const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
  const rfc8037 = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const { verification } = await load(t, { JWT_PREVIOUS_KEYS: spki(rfc7638) + spki(rfc8037) });
  t.strictSame(
    verification.slice(1).map(({ kid, algorithm }) => ({ kid, algorithm })),
    [
      { kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', algorithm: 'RS256' },
      { kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', algorithm: 'EdDSA' },
    ],
  );
});

t.test('The published form of a key has only its public members', async (t) => {
  for (const [key, members] of [
    [ec.privateKey, ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']],
    [ed.privateKey, ['alg', 'crv', 'kid', 'kty', 'use', 'x']],
    [rsa.privateKey, ['alg', 'e', 'kid', 'kty', 'n', 'use']],
  ] as const) {
    const { signing } = await load(t, { JWT_PRIVATE_KEY: pkcs8(key) });
    t.strictSame(Object.keys(toJwk(signing)).sort(), members);
    t.match(toJwk(signing), { kid: signing.kid, alg: signing.algorithm, use: 'sig' });
  }
});

t.test('Each kid has one algorithm, and verifies only what its own key signed', async (t) => {
  for (const [key, algorithm] of [
    [ec, 'ES256'],
    [ed, 'EdDSA'],
    [rsa, 'RS256'],
  ] as const) {
    const { ask, person, app } = await startApi(t, {
      JWT_PRIVATE_KEY: pkcs8(key.privateKey),
      JWT_PREVIOUS_KEYS: [ec, ed, rsa].map(({ publicKey }) => spki(publicKey)).join(''),
    });
    const { keys } = (await ask('GET', '/.well-known/jwks.json')).body;
    t.equal(keys.length, 3);
    t.equal(keys[0].alg, algorithm);
    t.equal(keys[0].kid, app.keys.signing.kid);
    const { token } = await person(1);
    t.equal((await ask('GET', '/me', { token })).status, 200);
    const [header = '', payload, signature] = token.split('.');
    const read = JSON.parse(Buffer.from(header, 'base64url').toString());
    t.strictSame(read, { alg: algorithm, typ: 'at+jwt', kid: keys[0].kid });
    const swaps = [...keys.map(({ kid }: { kid: string }) => ({ kid })), { alg: 'ES256' }, { alg: 'EdDSA' }];
    for (const swap of [...swaps, { alg: 'RS256' }]) {
      const altered = Buffer.from(JSON.stringify({ ...read, ...swap })).toString('base64url');
      if (altered === header) continue;
      const { status } = await ask('GET', '/me', { token: `${altered}.${payload}.${signature}` });
      t.equal(status, 401, JSON.stringify(swap));
    }
  }
});

t.test('A missing signing key is created and kept in a file that only its owner can read', async (t) => {
  const DATA_DIR = await temporaryFolder(t);
  const config = parseConfig({ DATA_DIR });
  // Several processes start at once.
  const loaded = await Promise.all(Array.from({ length: 5 }, () => loadKeys(config)));
  t.equal(new Set(loaded.map(({ signing }) => signing.kid)).size, 1);
  t.equal(loaded[0]?.signing.algorithm, 'ES256');
  const path = join(DATA_DIR, 'signing-key.pem');
  t.match(await readFile(path, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
  t.equal((await stat(path)).mode & 0o777, 0o600);
  t.equal((await loadKeys(config)).signing.kid, loaded[0]?.signing.kid);
});

t.test('Production requires a secret, a signing key and a public URL of its own', async (t) => {
  const good = {
    NODE_ENV: 'production',
    SECRET: 'Wk0vQ3J5cHRvZ3JhcGhpY2FsbHkgcmFuZG9tIGJ5dGVz',
    JWT_PRIVATE_KEY: '/run/secrets/signing-key.pem',
    PUBLIC_URL: 'https://accounts.example.com',
  };
  const example = await readFile('.env.example', 'utf8');
  const placeholder = (name: string) => new RegExp(`^# ${name}=(.+)$`, 'm').exec(example)?.[1] ?? '';
  t.match(placeholder('SECRET'), /.{32}/);
  t.match(placeholder('JWT_PRIVATE_KEY'), /./);
  const wrong: Record<string, [variables: Record<string, string>, says: RegExp]> = {
    'no secret': [{ SECRET: '' }, /^SECRET is missing, which production needs \(example: SECRET=/],
    'a short secret': [{ SECRET: 'x'.repeat(31) }, /^SECRET must NOT have fewer than 32 characters/],
    'the placeholder of .env.example': [{ SECRET: placeholder('SECRET') }, /^SECRET is a placeholder/],
    'the example of the messages': [
      { SECRET: 'the output of: openssl rand -base64 48' },
      /^SECRET is a placeholder/,
    ],
    'a short previous secret': [{ SECRET_PREVIOUS: 'short' }, /^SECRET_PREVIOUS must NOT have fewer than 32/],
    'a placeholder as previous secret': [
      { SECRET_PREVIOUS: placeholder('SECRET') },
      /^SECRET_PREVIOUS is a placeholder/,
    ],
    'no key': [
      { JWT_PRIVATE_KEY: '' },
      /^JWT_PRIVATE_KEY is missing, which production needs .*keys generate/,
    ],
    'the placeholder of a key': [
      { JWT_PRIVATE_KEY: placeholder('JWT_PRIVATE_KEY') },
      /^JWT_PRIVATE_KEY is a placeholder .*keys generate/,
    ],
    'no public URL': [
      { PUBLIC_URL: '' },
      /^PUBLIC_URL is missing, which production needs \(example: PUBLIC_URL=https:/,
    ],
  };
  t.equal(parseConfig(good).production, true);
  t.equal(parseConfig({ NODE_ENV: 'development' }).production, false, 'a laptop needs neither');
  for (const [name, [variables, says]] of Object.entries(wrong)) {
    let message = 'nothing is wrong';
    try {
      parseConfig({ ...good, ...variables });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      message = error.message;
    }
    t.match(message, says, name);
    t.notMatch(message, /\n/, `${name}: one line`);
  }
});
