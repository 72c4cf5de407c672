/**
 * The commands and second factors: `user reset-authenticators`, a change of SECRET and how the doctor reports
 * it, `export`, and `restore --in-place`.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { replaceRecoveryCodes } from '#latchkey/accounts/authenticators/recovery-codes.ts';
import { renewTotpEncryption } from '#latchkey/accounts/authenticators/renew-encryption.ts';
import { consumeTotpCode, newTotpSecret } from '#latchkey/accounts/authenticators/totp.ts';
import { unusableHash } from '#latchkey/accounts/passwords/hash.ts';
import { Encryption } from '#latchkey/crypto/encryption.ts';
import { addPasskeyTo } from '../accounts/authenticator.ts';
import { codeOf, stepNow } from '../accounts/second-factor.ts';
import { latchkey, type Variables } from '../child.ts';
import { PASSWORD } from '../helper.ts';
import { noteSecret } from '../secret-log.ts';
import { installation, SECRET } from './installation.ts';

const NEXT = 'the next secret of a test, longer than 32 characters';
const under = (current: string, previous?: string) => new Encryption({ current, previous }, 'totp');
const now = async () => new Date();

/** An installation with a user who has a second factor. */
async function withSecondFactor(t: Test) {
  const { db, variables, folder } = await installation(t);
  const run = (args: readonly string[], more: Variables = {}) =>
    latchkey(args, { variables: { ...variables, ...more }, input: PASSWORD });
  const create = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--access', 'admin'];
  if ((await run(create)).code !== 0) throw new Error('There is no Ada');
  const { id } = await db.user.update({
    where: { email: 'ada@example.com' },
    data: { secondFactor: true },
  });
  const { secret } = newTotpSecret('a', 'b');
  noteSecret(secret);
  const encrypted = under(SECRET).encrypt(secret, id);
  const times = { createdAt: new Date(), lastUsedAt: null };
  await db.totp.create({ data: { userId: id, secret: encrypted, lastStep: 0, ...times } });
  const codes = await db.transaction((tx) => replaceRecoveryCodes(tx, id, new Date()));
  for (const code of codes) noteSecret(code);
  const consume = (code: string, totpEncryption = under(SECRET)) =>
    db.transaction((tx) => consumeTotpCode({ totpEncryption, now }, tx, id, code));
  return { db, run, folder, id, secret, consume };
}

t.test('The only admin, who has lost the phone, gets in again by user reset-authenticators', async (t) => {
  const { db, run } = await withSecondFactor(t);
  const listed = await run(['user', 'list']);
  t.match(listed.stdout, /^ID +ACCESS +STATE +FACTORS .*\n\S+ +admin +enabled +2 /);
  const reset = ['user', 'reset-authenticators', '--email', ' Ada@Example.com'];
  t.match(await run(reset), {
    code: 0,
    stderr: '',
    stdout: 'Removed the second factor of ada@example.com: every session has ended\n',
  });
  t.equal((await db.totp.count()) + (await db.recoveryCode.count()), 0);
  t.match(await db.mail.findMany({ orderBy: { id: 'asc' } }), [
    { template: 'authenticators-reset' },
    { template: 'set-password' },
  ]);
  const events = await db.auditEvent.findMany({ where: { action: 'authenticator.removed' } });
  t.match(events, [{ actorId: null }]);
  t.match(await run(reset), { code: 0, stdout: 'ada@example.com has no second factor\n' });
  const { stdout } = await run([...reset, '--json']);
  t.match(JSON.parse(stdout), { email: 'ada@example.com', secondFactor: false });
  t.match(await run([...reset.slice(0, 3), 'nobody@example.com']), {
    code: 1,
    stdout: '',
    stderr: /^latchkey: There is no user with this email address\.\n$/,
  });
  t.match(await run([...reset.slice(0, 3), 'ada']), { code: 2, stderr: /^latchkey: --email must be/ });
});

t.test('A user who would have no way in gets a password first', async (t) => {
  const { db, run, id } = await withSecondFactor(t);
  await addPasskeyTo({ db, now }, id);
  await db.user.update({ where: { id }, data: { passwordHash: unusableHash() } });
  const email = ['--email', 'ada@example.com'];
  const reset = () => run(['user', 'reset-authenticators', ...email]);
  t.match(await reset(), { code: 1, stderr: /without a mail server .* latchkey user reset-password/ });
  t.equal((await db.totp.count()) + (await db.passkey.count()), 2, 'nothing has changed');
  t.equal((await run(['user', 'reset-password', ...email])).code, 0);
  t.equal((await reset()).code, 0);
  t.equal((await db.totp.count()) + (await db.passkey.count()), 0);
});

t.test('Secrets are encrypted again after a change of SECRET, and the doctor says when', async (t) => {
  const { db, run, id, secret, consume } = await withSecondFactor(t);
  const doctor = async (variables: Variables) => {
    const { findings } = JSON.parse((await run(['doctor', '--json'], variables)).stdout);
    const { status, found } = findings.find(({ check }: { check: string }) => check === 'one-time codes');
    return `${status}: ${found}`;
  };
  const isCurrent = 'ok: 1 secret is encrypted under SECRET';
  t.equal(await doctor({}), isCurrent);
  t.equal(await doctor({ SECRET_PREVIOUS: NEXT }), isCurrent, 'the next one, before the change');
  const both = { SECRET: NEXT, SECRET_PREVIOUS: SECRET };
  t.match(await doctor(both), /^warning: 1 of 1 secrets are still encrypted under SECRET_PREVIOUS/);
  t.match(await doctor({ SECRET: NEXT }), /^problem: SECRET does not open 1 of 1 secrets/, 'too early');

  const before = await db.totp.findUniqueOrThrow({ where: { userId: id } });
  const lost = { db, totpEncryption: under('another secret of a test, longer than 32') };
  t.equal(await renewTotpEncryption(lost), 0);
  t.strictSame(await db.totp.findUniqueOrThrow({ where: { userId: id } }), before, 'nothing opens it');
  const context = { db, totpEncryption: under(NEXT, SECRET) };
  t.equal(await renewTotpEncryption(context), 1);
  t.equal(await renewTotpEncryption(context), 0, 'once');
  t.equal(await doctor(both), isCurrent);
  t.equal(await doctor({ SECRET: NEXT }), isCurrent);
  t.equal(await consume(codeOf({ secret }), under(NEXT)), 'accepted');
});

t.test('A restored backup accepts no code that may have been used since', async (t) => {
  const { db, run, id, secret, consume } = await withSecondFactor(t);
  const row = { userId: id, epoch: 0, amr: 'pwd', tries: 0, createdAt: new Date() };
  const expiresAt = new Date(Date.now() + 60_000);
  await db.signInChallenge.create({ data: { ...row, id: 'one', tokenHash: 'one', expiresAt } });
  const step = stepNow();
  const { stdout, code } = await run(['restore', '--in-place', '--json']);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { users: 1, recoveryCodes: 10 });
  t.equal(await db.signInChallenge.count(), 0);
  t.equal(await db.recoveryCode.count(), 0);
  for (const offset of [-1, 0, 1])
    t.not(await consume(codeOf({ secret }, step + offset)), 'accepted', `step ${offset}`);
  const { lastStep } = await db.totp.findUniqueOrThrow({ where: { userId: id } });
  t.ok(lastStep === step + 1 || lastStep === step + 2, 'the next code is accepted');
  t.equal((await db.user.findUniqueOrThrow({ where: { id } })).secondFactor, true);
  t.match(await run(['restore', '--in-place']), { stdout: / 0 recovery codes, / });
});

t.test('An export says how many second factors it leaves out', async (t) => {
  const { db, run, folder, id, secret } = await withSecondFactor(t);
  const file = join(folder, 'users.jsonl');
  t.match(await run(['export', file]), {
    code: 0,
    stdout: `Exported to ${file}: 1 users, with their password hashes, without the second factor of 1\n`,
  });
  const { stdout } = await run(['export', file, '--force', '--json']);
  t.strictSame(JSON.parse(stdout), {
    file,
    users: 1,
    omittedSecondFactors: 1,
    omittedPasskeys: 0,
    omittedServiceAccounts: 0,
    omittedApiKeys: 0,
  });
  await addPasskeyTo({ db, now }, id);
  t.match(await run(['export', file, '--force']), {
    stdout: /, without the second factor of 1, 1 passkeys\n$/,
  });
  const lines = (await run(['export', '--without-passwords'])).stdout;
  t.notMatch(lines, /totp|secondFactor|passkey/i);
  t.notMatch(lines, secret);
});
