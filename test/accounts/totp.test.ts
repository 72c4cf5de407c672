/** One-time codes: the vectors of RFC 6238, the tolerance, and that a code is used once. */
import { randomUUID } from 'node:crypto';
import { Secret } from 'otpauth';
import t from 'tap';
import {
  consumeRecoveryCode,
  replaceRecoveryCodes,
} from '#latchkey/accounts/authenticators/recovery-codes.ts';
import {
  consumeTotpCode,
  findStep,
  newTotpSecret,
  totpIssuerOf,
} from '#latchkey/accounts/authenticators/totp.ts';
import { Encryption } from '#latchkey/crypto/encryption.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { startApi } from '../helper.ts';
import { noteSecret } from '../secret-log.ts';
import { codeOf, stepNow } from './second-factor.ts';

const api = await startApi(t);
const { accounts } = api.app;
const { db } = accounts;

/** The secret of RFC 6238 appendix B, and its rows for SHA-1. */
const RFC_SECRET = Secret.fromUTF8('12345678901234567890').base32;
const vectors: Readonly<Record<number, string>> = {
  59: '94287082',
  1111111109: '07081804',
  1111111111: '14050471',
  1234567890: '89005924',
  2000000000: '69279037',
  20000000000: '65353130',
};

t.test('The codes of RFC 6238 appendix B are those of their steps', async (t) => {
  for (const [seconds, digits] of Object.entries(vectors)) {
    const time = new Date(Number(seconds) * 1000);
    t.equal(findStep(RFC_SECRET, digits.slice(-6), time), Math.floor(Number(seconds) / 30), seconds);
  }
});

t.test('A code is accepted one step before and after its own, and no further', async (t) => {
  const code = vectors[59]!.slice(-6);
  const accepted = [-31, -30, -1, 0, 29, 30, 59, 60, 61].map(
    (offset) => findStep(RFC_SECRET, code, new Date((30 + offset) * 1000)) === 1,
  );
  t.strictSame(accepted, [false, true, true, true, true, true, true, false, false]);
});

t.test('A secret has 160 bits, and its URI has the account and the host of the service', async (t) => {
  const { secret, uri } = newTotpSecret(totpIssuerOf('https://auth.example.com:8443/x'), 'ada@example.com');
  t.equal(Secret.fromBase32(secret).bytes.length, 20);
  const { host, pathname, searchParams } = new URL(uri);
  t.strictSame([host, decodeURIComponent(pathname)], ['totp', '/auth.example.com:ada@example.com']);
  t.strictSame(Object.fromEntries(searchParams), {
    issuer: 'auth.example.com',
    secret,
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
  t.equal(totpIssuerOf('http://[::1]:3000'), 'Latchkey', 'no colon in it');
});

/** Gives a user an active secret that has accepted no code. */
async function activate(userId: string, secret: string): Promise<void> {
  const row = { secret: accounts.totpEncryption.encrypt(secret, userId), createdAt: new Date() };
  const totp = { ...row, lastStep: 0, lastUsedAt: null };
  await db.totp.upsert({ where: { userId }, create: { userId, ...totp }, update: totp });
}

t.test('The same code at once in several transactions of two processes is accepted once', async (t) => {
  const other = openDatabase(api.databaseUrl);
  t.teardown(() => other.close());
  const { id } = await api.person(1);
  const { secret } = newTotpSecret('a', 'b');
  await activate(id, secret);
  const step = stepNow();
  const code = codeOf({ secret }, step);
  const attempts = Array.from({ length: 10 }, (_, n) =>
    (n % 2 === 0 ? db : other.db).transaction((tx) => consumeTotpCode(accounts, tx, id, code)),
  );
  t.strictSame((await Promise.all(attempts)).sort(), ['accepted', ...Array(9).fill('used')]);
  const before = codeOf({ secret }, step - 1);
  t.not(await db.transaction((tx) => consumeTotpCode(accounts, tx, id, before)), 'accepted', 'an older one');
  const next = codeOf({ secret }, step + 1);
  t.equal(await db.transaction((tx) => consumeTotpCode(accounts, tx, id, next)), 'accepted');
});

t.test('A recovery code at once in several transactions of two processes is accepted once', async (t) => {
  const other = openDatabase(api.databaseUrl);
  t.teardown(() => other.close());
  const [{ id }, stranger] = [await api.person(1), await api.person(1)];
  const codes = await db.transaction((tx) => replaceRecoveryCodes(tx, id, new Date()));
  const [code = '', typed = ''] = codes;
  for (const one of codes) noteSecret(one);
  t.equal(await db.transaction((tx) => consumeRecoveryCode(tx, stranger.id, code)), false, 'of another user');
  const attempts = Array.from({ length: 10 }, (_, n) =>
    (n % 2 === 0 ? db : other.db).transaction((tx) => consumeRecoveryCode(tx, id, code)),
  );
  t.strictSame((await Promise.all(attempts)).filter(Boolean).length, 1);
  const loose = ` ${typed.toUpperCase().replaceAll('-', ' ')} `;
  t.equal(await db.transaction((tx) => consumeRecoveryCode(tx, id, loose)), true, 'typed differently');
  t.equal(await db.recoveryCode.count({ where: { userId: id } }), 8);
});

t.test('A secret is good for its user alone, and is not in the database', async (t) => {
  const [ada, grace] = [await api.person(1), await api.person(1)];
  const [hers, theirs] = [newTotpSecret('a', 'b').secret, newTotpSecret('a', 'b').secret];
  await activate(ada.id, hers);
  await activate(grace.id, theirs);
  const row = await db.totp.findUniqueOrThrow({ where: { userId: ada.id } });
  t.notMatch(JSON.stringify(row), hers);
  await db.totp.update({ where: { userId: grace.id }, data: { secret: row.secret } });
  const code = codeOf({ secret: hers });
  await t.rejects(
    db.transaction((tx) => consumeTotpCode(accounts, tx, grace.id, code)),
    /is not encrypted under SECRET/,
    'the row of another user',
  );
  t.equal(await db.transaction((tx) => consumeTotpCode(accounts, tx, randomUUID(), code)), 'wrong');
  const secrets = { current: 'another secret of these tests, long enough', previous: undefined };
  const totpEncryption = new Encryption(secrets, 'totp');
  await t.rejects(
    db.transaction((tx) => consumeTotpCode({ ...accounts, totpEncryption }, tx, ada.id, code)),
    /is not encrypted under SECRET/,
    'another SECRET',
  );
});
