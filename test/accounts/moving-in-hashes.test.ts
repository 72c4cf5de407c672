/**
 * The hashes of docs/guides/moving-in.md, as other software has them.
 *
 * @runs once, on SQLite: a hash is the same text in both databases. password-hashes.test.ts runs on both.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { verifyPassword } from '#latchkey/accounts/passwords/hash.ts';
import { acceptHash } from '#latchkey/accounts/passwords/parse-hash.ts';
import { readFirebaseParameters } from '#latchkey/cli/user/firebase-parameters.ts';
import { latchkey, temporaryFolder } from '../child.ts';
import { installation } from '../cli/installation.ts';
import { startApi } from '../helper.ts';
import { importLines } from '../importing.ts';
import { blockOf, tableOf } from '../moving-in.ts';
import { noteSecret } from '../secret-log.ts';

const folder = await temporaryFolder(t);
const parameterFile = join(folder, 'parameters.txt');
await writeFile(parameterFile, blockOf('hash_config {'));
const firebase = await readFirebaseParameters(parameterFile);

const rows = tableOf('origin', '`passwordHash`', 'password').map(
  ([origin = '', hash = '', password = '']) => ({
    origin,
    hash,
    password,
  }),
);
const refused = tableOf('origin', '`passwordHash`').map(([origin = '', hash = '']) => ({ origin, hash }));

t.test('The users of each origin sign in with their passwords, which are hashed again', async (t) => {
  t.ok(rows.length >= 20, `${rows.length} rows`);
  const { app, ask } = await startApi(t, {}, { hasRealHashes: true });
  const { db } = app.accounts;
  for (const { hash } of rows) noteSecret(hash);
  const lines = rows.map(({ origin, hash }, at) => ({
    name: origin,
    email: `origin-${at}@example.com`,
    passwordHash: hash,
  }));
  t.match(await importLines(app.accounts, lines, false, { firebase }), {
    created: rows.length,
    problems: [],
  });
  for (const [at, { origin, password }] of rows.entries()) {
    const email = `origin-${at}@example.com`;
    const { passwordHash } = await db.user.findUniqueOrThrow({ where: { email } });
    t.notMatch(passwordHash, /m=19456,t=2,p=1/, origin);
    t.strictSame(acceptHash(passwordHash), { hash: passwordHash }, `${origin}: an export can be imported`);
    t.notOk(await verifyPassword(passwordHash, `${password}!`), `${origin}, a wrong password`);
    t.equal((await ask('POST', '/login', { body: { email, password } })).status, 200, origin);
    const renewed = await db.user.findUniqueOrThrow({ where: { email } });
    t.match(renewed.passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/, `${origin}: hashed again`);
    t.equal((await ask('POST', '/login', { body: { email, password } })).status, 200, `${origin}, again`);
  }
});

t.test('The hashes that the guide calls refused are refused, and never repeated', async (t) => {
  t.ok(refused.length >= 5);
  for (const { origin, hash } of refused) {
    const accepted = acceptHash(hash);
    t.match(accepted, { problem: /is (?:not a hash of|a password)/ }, origin);
    t.notMatch(JSON.stringify(accepted), hash);
  }
});

t.test('Hashes that cost too much are refused', async (t) => {
  const b64 = (length: number) => Buffer.alloc(length, 7).toString('base64');
  const aspnet = (digest: number, iterations: number, salt: number, hash: number) => {
    const bytes = Buffer.alloc(13 + salt + hash, 7);
    bytes.writeUInt8(1, 0);
    bytes.writeUInt32BE(digest, 1);
    bytes.writeUInt32BE(iterations, 5);
    bytes.writeUInt32BE(salt, 9);
    return bytes.toString('base64');
  };
  for (const hash of [
    `pbkdf2_sha256$2000001$seasalt2$${b64(32)}`,
    `pbkdf2_sha256$1000001$seasalt2$${b64(64)}`,
    `$pbkdf2-sha512$i=2000001$${b64(16)}$${b64(64)}`,
    `pbkdf2:sha256:999999999$seasalt2$${'07'.repeat(32)}`,
    aspnet(1, 0xffffffff, 16, 32),
    `{bcrypt}$2a$15$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG`,
    'bcrypt_sha256$$2b$31$XDf4tUFtHetafuMAQjlFP.oOMS070RpiO4NNxYe3Cen.EOKweiq4y',
    '$wp$2y$15$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES',
    `scrypt$262144$seasalt2$8$1$${b64(64)}`,
    `{scrypt}$120801$${b64(16)}$${b64(32)}`,
    '$P$FiS0N5L672xzQx1rt1vgdJQRYKnQM9/'.replace('$P$F', '$P$S'),
  ])
    t.match(acceptHash(hash), { problem: /cost too much/ }, hash);
  const costly = { ...firebase, memCost: 18 };
  t.match(acceptHash(rows.find(({ origin }) => /^Firebase/.test(origin))?.hash ?? '', { firebase: costly }), {
    problem: /cost too much/,
  });
  for (const hash of [
    aspnet(3, 10_000, 16, 32),
    aspnet(1, 0, 16, 32),
    aspnet(1, 10_000, 4, 32),
    aspnet(1, 10_000, 16, 8),
    // A salt of 16 MB that is not there.
    aspnet(1, 10_000, 16, 32).replace('AAAAEA', 'AP///w'),
    'AQ==',
    'pbkdf2_md5$1000$seasalt2$CCCCCCCCCCCCCCCCCCCCCC==',
    'pbkdf2_sha256$1000$salt$CCCCCCCCCCCCCCCCCCCCCC==',
    '{bcrypt}{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG',
    '$P$0iS0N5L672xzQx1rt1vgdJQRYKnQM9/',
    '0123:4567',
    '{pbkdf2}5d92',
  ])
    t.match(acceptHash(hash), { problem: /is not a hash of/ }, hash);
});

t.test('A hash of Firebase needs the parameters of its project', async (t) => {
  const { hash = '' } = rows.find(({ origin }) => /^Firebase/.test(origin)) ?? {};
  t.match(acceptHash(hash), { problem: /--firebase-scrypt/ });
  t.match(acceptHash(`${hash}AAAA`, { firebase }), { problem: /is not a hash of/ });
  await writeFile(
    parameterFile,
    JSON.stringify({
      base64_signer_key: firebase.signerKey.toString('base64'),
      base64_salt_separator: 'Bw==',
      rounds: 8,
      mem_cost: 14,
    }),
  );
  t.strictSame(await readFirebaseParameters(parameterFile), firebase, 'as JSON');
  for (const [missing, message] of [
    ['base64_signer_key', /must have base64_signer_key/],
    ['rounds', /must have rounds/],
    ['mem_cost', /must have mem_cost/],
    ['base64_salt_separator', /must have base64_salt_separator/],
  ] as const) {
    await writeFile(parameterFile, blockOf('hash_config {').replace(missing, 'other'));
    await t.rejects(readFirebaseParameters(parameterFile), { name: 'UsageError', message });
  }
  await writeFile(parameterFile, blockOf('hash_config {').replace('mem_cost: 14', 'mem_cost: 32'));
  await t.rejects(readFirebaseParameters(parameterFile), { message: /mem_cost .* from 1 to 31/ });
});

t.test('The command takes the parameters of Firebase from a file', async (t) => {
  const { variables, db } = await installation(t);
  const [parameters, users] = [join(folder, 'firebase.txt'), join(folder, 'users.jsonl')];
  const { hash: passwordHash = '', password = '' } =
    rows.find(({ origin }) => /^Firebase/.test(origin)) ?? {};
  await writeFile(parameters, blockOf('hash_config {'));
  await writeFile(users, JSON.stringify({ name: 'Ada', email: 'ada@example.com', passwordHash }));
  const without = await latchkey(['import', users], { variables });
  t.match(without, { code: 1, stderr: /--firebase-scrypt/ });
  t.notMatch(without.stdout + without.stderr, passwordHash);
  t.equal((await latchkey(['import', users, '--firebase-scrypt', parameters], { variables })).code, 0);
  const ada = await db.user.findUniqueOrThrow({ where: { email: 'ada@example.com' } });
  noteSecret(ada.passwordHash);
  t.ok(await verifyPassword(ada.passwordHash, password));
  t.notOk(ada.passwordHash.includes(passwordHash.slice(-80)));
  await writeFile(parameters, 'SHA256');
  const wrong = await latchkey(['import', users, '--firebase-scrypt', parameters], { variables });
  t.match(wrong, { code: 2, stderr: /must have base64_signer_key, in base64: copy it/ });
});
