/** Hashes of other software: the formats that are accepted, and sign-ins with their passwords. */
import * as nodeRs from '@node-rs/argon2';
import argon2 from 'argon2';
import fc from 'fast-check';
import t from 'tap';
import { hashPassword, verifyPassword } from '#latchkey/accounts/passwords/hash.ts';
import { acceptHash } from '#latchkey/accounts/passwords/parse-hash.ts';
import { PASSWORD, startApi } from '../helper.ts';
import { importLines } from '../importing.ts';
import { noteSecret } from '../secret-log.ts';

/** Hashes of {@link PASSWORD} by other software: libxcrypt, Python's hashlib, and the format of Werkzeug. */
const bcrypt = '$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG';
const werkzeug =
  'scrypt:1024:8:1$Zk3vQm8xT1bN0cYe$0ba1dbe1dd2f4be535378d1de646247e4391e435c2a77c5b8cc8f75f8cb728b591a8d7795900740a311b0e47534def9c78ce565b209537bd91b8ffc100a26823';
/** A hash of `password`: the example in passlib's documentation. */
const passlib = '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E';

const salt = 'c2FsdHNhbHRzYWx0';
const digest = 'A0A1A2A3A4A5A6A7A8A9AaAbAcAdAeAfAgAhAiAjAkA';

t.test('Hashes of known formats and limited cost are accepted, and others are refused', async (t) => {
  const accepted = [
    `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${digest}`,
    `$argon2i$v=19$m=131072,t=8,p=16$${salt}$${digest}`,
    `$argon2d$v=16$m=8,t=1,p=1$${salt}$${digest}`,
    bcrypt,
    bcrypt.replace('$2b$04', '$2a$14'),
    bcrypt.replace('$2b', '$2y'),
    passlib,
    `$scrypt$ln=17,r=8,p=1$${salt}$${digest}`,
  ];
  for (const hash of accepted) t.strictSame(acceptHash(hash), { hash });
  t.match(acceptHash(werkzeug), { hash: /^\$scrypt\$ln=10,r=8,p=1\$WmszdlFtOHhUMWJOMGNZZQ\$/ });
  // Other software writes no version, zeros before numbers, unused bits, or lanes before passes.
  t.strictSame(acceptHash(`$argon2id$m=04096,t=3,p=01$${salt}$${digest.replace(/k$/, 'l')}`), {
    hash: `$argon2id$v=16$m=4096,t=3,p=1$${salt}$${digest}`,
  });
  t.strictSame(acceptHash(`$argon2id$v=19$m=65536,p=4,t=3$${salt}$${digest}`), {
    hash: `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${digest}`,
  });
  // Unused bits: PHP accepted salts like this one.
  t.strictSame(acceptHash(bcrypt.replace('rstuu', 'rstuv')), { hash: bcrypt });

  const costly = [
    `$argon2id$v=19$m=131073,t=1,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=131072,t=9,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=8,t=999999999,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=65536,t=1,p=17$${salt}$${digest}`,
    bcrypt.replace('$04', '$15'),
    bcrypt.replace('$04', '$31'),
    `$scrypt$ln=18,r=8,p=1$${salt}$${digest}`,
    `$scrypt$ln=17,r=8,p=2$${salt}$${digest}`,
    `$scrypt$ln=99,r=8,p=1$${salt}$${digest}`,
    werkzeug.replace('1024', '262144'),
  ];
  for (const hash of costly) t.match(acceptHash(hash), { problem: /cost too much/ }, hash);

  const others = [
    '',
    'secret',
    '$1$abcdefgh$0123456789012345678901',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr',
    bcrypt.slice(0, -1),
    `${bcrypt}x`,
    `${bcrypt}\n`,
    bcrypt.replace('$2b', '$2x'),
    bcrypt.replace('$04', '$03'),
    bcrypt.replace('$04', '$32'),
    `$argon2id$v=19$m=7,t=1,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=0,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=1,p=0$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=1,p=1$c2FsdA$${digest}`,
    `$argon2id$v=19$m=64,t=1,p=1$${salt}$c2hvcnQ`,
    `$argon2id$v=18$m=64,t=1,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=1,t=1$${salt}$${digest}`,
    `$argon2id$v=19$m=64,p=1$${salt}$${digest}`,
    `$argon2id$v=19$m=64,p=1,t=0$${salt}$${digest}`,
    `$argon2id$v=19$m=64,t=1,p=1,data=AAAA$${salt}$${digest}`,
    `$scrypt$ln=0,r=8,p=1$${salt}$${digest}`,
    `$scrypt$ln=10,r=0,p=1$${salt}$${digest}`,
    werkzeug.replace('1024', '1000'),
    'pbkdf2:sha256:260000$salt$0123',
  ];
  for (const hash of others) t.match(acceptHash(hash), { problem: /is not a hash of/ }, hash);
});

/** Sets the lowest unused bit in the last digit. */
function withIdleBits(hash: string): string {
  const digits = hash.slice(hash.lastIndexOf('$') + 1);
  if (digits.length % 4 === 0) return hash;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return hash.slice(0, -1) + alphabet.charAt(alphabet.indexOf(digits.slice(-1)) | 1);
}

t.test('The argon2 hashes are the same as those of another implementation', async (t) => {
  const own = await hashPassword(PASSWORD);
  t.match(own, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  t.ok(await nodeRs.verify(own, PASSWORD), 'ours, verified by theirs');
  t.notOk(await nodeRs.verify(own, `${PASSWORD}!`));
  const hash = fc.record({
    password: fc.string({ unit: 'binary-ascii', maxLength: 200 }),
    type: fc.constantFrom(argon2.argon2d, argon2.argon2i, argon2.argon2id),
    version: fc.constantFrom(0x10, 0x13),
    memoryCost: fc.integer({ min: 128, max: 1024 }),
    timeCost: fc.integer({ min: 2, max: 4 }),
    parallelism: fc.integer({ min: 1, max: 16 }),
    hashLength: fc.integer({ min: 16, max: 64 }),
    salt: fc.uint8Array({ minLength: 8, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    isVersioned: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(hash, async ({ password, isVersioned, ...options }) => {
      const { type, version, hashLength, ...rest } = options;
      const theirs = await nodeRs.hash(password, {
        ...rest,
        outputLen: hashLength,
        algorithm: type,
        version: version === 0x10 ? 0 : 1,
      });
      const ours = await argon2.hash(password, options);
      t.strictSame(acceptHash(ours), { hash: theirs }, 'the same salt and parameters, the same hash');
      t.ok(await nodeRs.verify(ours, password), ours);
      // Before version 19, hashes did not contain their version. Some software sets unused bits.
      const given = isVersioned ? theirs : withIdleBits(theirs.replace('$v=16', ''));
      t.strictSame(acceptHash(given), { hash: theirs });
      t.ok(await verifyPassword(theirs, password), theirs);
      t.notOk(await verifyPassword(theirs, `${password}!`), theirs);
    }),
    { numRuns: 40 },
  );
});

t.test('Users with imported hashes sign in, and their passwords are hashed again', async (t) => {
  const { app, ask } = await startApi(t, {}, { hasRealHashes: true });
  const { db } = app.accounts;
  const hashes: [name: string, hash: string, password: string][] = [
    ['bcrypt-2b', bcrypt, PASSWORD],
    ['bcrypt-2a', bcrypt.replace('$2b', '$2a'), PASSWORD],
    ['bcrypt-2y', bcrypt.replace('$2b', '$2y'), PASSWORD],
    // The first test vector of Openwall's crypt_blowfish.
    ['bcrypt-openwall', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    ['scrypt-passlib', passlib, 'password'],
    ['scrypt-werkzeug', werkzeug, PASSWORD],
    ['argon2i', await argon2.hash(PASSWORD, { type: argon2.argon2i, memoryCost: 4096 }), PASSWORD],
    ['argon2d', await argon2.hash(PASSWORD, { type: argon2.argon2d, memoryCost: 4096 }), PASSWORD],
    ['argon2id', await argon2.hash(PASSWORD, { memoryCost: 32_768, timeCost: 1, parallelism: 2 }), PASSWORD],
    // The password as it was typed, before NFKC.
    ['as-typed', await argon2.hash('ﬁfteen characters'), 'ﬁfteen characters'],
  ];
  for (const [, hash] of hashes) noteSecret(hash);
  const imported = await importLines(
    app.accounts,
    hashes.map(([name, passwordHash]) => ({ name, email: `${name}@example.com`, passwordHash })),
  );
  t.match(imported, { created: hashes.length, problems: [] });
  for (const [name, hash, password] of hashes) {
    const email = `${name}@example.com`;
    const signIn = (given: string) => ask('POST', '/login', { body: { email, password: given } });
    t.equal((await signIn(`${password}!`)).status, 401, name);
    const before = await db.user.findUniqueOrThrow({ where: { email } });
    t.notMatch(before.passwordHash, /m=19456,t=2,p=1/, 'a wrong password alters nothing');
    t.equal((await signIn(password)).status, 200, name);
    const { passwordHash, generation, epoch } = await db.user.findUniqueOrThrow({ where: { email } });
    t.match(passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/, name);
    t.not(passwordHash, hash);
    t.strictSame(
      { generation, epoch },
      { generation: before.generation, epoch: before.epoch },
      'nothing ends',
    );
    t.equal((await signIn(password)).status, 200, `${name}, again`);
    t.equal((await signIn(`${password}!`)).status, 401, name);
  }
});

t.test(
  'The part of a password that bcrypt ignores is neither added to the password nor cut off',
  async (t) => {
    const { app, ask } = await startApi(t, {}, { hasRealHashes: true });
    const { hash } = await import('@node-rs/bcrypt');
    const long = `${PASSWORD.repeat(3).slice(0, 72)} end`;
    // NFKC makes 33 bytes of these 3 characters.
    const growing = '\ufdfa'.repeat(3);
    // The opposite: 24 characters of 3 bytes become 24 characters of one byte.
    const shrinking = `${'\uff41'.repeat(24)}bcd`;
    const cases: [name: string, hashed: string, given: string, keepsHash: boolean][] = [
      ['a mistyped end', long, `${long}ing`, true],
      ['the first 72 bytes', long, long.slice(0, 72), true],
      ['72 bytes that are all of it', long.slice(0, 72), long.slice(0, 72), true],
      ['71 bytes', long.slice(0, 71), long.slice(0, 71), false],
      ['72 bytes of two a character', 'é'.repeat(40), 'é'.repeat(36), true],
      ['35 characters of two bytes', 'é'.repeat(35), 'é'.repeat(35), false],
      ['72 bytes after NFKC', growing.normalize('NFKC'), growing, true],
      ['72 bytes before NFKC', shrinking, shrinking.slice(0, 24), true],
    ];
    const lines = cases.map(async ([name, hashed], at) => {
      const passwordHash = await hash(hashed, 4);
      return { name, email: `long-${at}@example.com`, passwordHash };
    });
    await importLines(app.accounts, await Promise.all(lines));
    for (const [at, [name, hashed, given, keepsHash]] of cases.entries()) {
      const email = `long-${at}@example.com`;
      const signIn = async (password: string) =>
        (await ask('POST', '/login', { body: { email, password } })).status;
      t.equal(await signIn(given), 200, `${name}: signs in, as everywhere with bcrypt`);
      t.equal(await signIn(hashed), 200, `${name}: the owner is not locked out by it`);
      const { passwordHash } = await app.accounts.db.user.findUniqueOrThrow({ where: { email } });
      t.equal(passwordHash.startsWith('$2'), keepsHash, name);
    }
  },
);

t.test('A user without a hash cannot sign in until a password is set', async (t) => {
  const { app, ask } = await startApi(t, {}, { hasRealHashes: true });
  const email = 'none@example.com';
  await importLines(app.accounts, [
    { name: 'None', email },
    { name: 'Null', email: 'null@example.com', passwordHash: null },
  ]);
  for (const password of [PASSWORD, 'A', '\u0001'])
    t.equal((await ask('POST', '/login', { body: { email, password } })).status, 401);
  t.equal((await ask('POST', '/password/forgot', { body: { email } })).status, 202);
  t.equal(await app.accounts.db.passwordReset.count(), 1);
});
