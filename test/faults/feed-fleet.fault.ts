/**
 * Guarded services while the processes of Latchkey are restarted, their signing key is rotated, and a backup
 * is restored.
 *
 * @runs once, on Postgres: several processes share it. The backup is one of SQLite.
 */
import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { latchkey, temporaryFolder, type Variables } from '../child.ts';
import { freePort } from '../postgres-server.ts';
import { createCluster, type Member, until } from '../processes/cluster.ts';
import {
  areAccepted,
  askAllTheTime,
  askService,
  MAX_CLOSED,
  MAX_MS,
  makeGuardKey,
  makeKey,
  makeMachine,
  shareClosed,
  signIn,
  startService,
  untilRefused,
} from './guarded.ts';

const [oldPair, nextPair] = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  generateKeyPairSync('ed25519'),
];
const signsWith = ({ privateKey }: KeyPairKeyObjectResult) =>
  privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const accepts = ({ publicKey }: KeyPairKeyObjectResult) =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();

const issuer = 'https://id.example.com';
const cluster = await createCluster(t, { RATE_LIMIT: '0', PUBLIC_URL: issuer, ACCESS_TOKEN_TTL: '3600' });
const signingWithOld = { JWT_PRIVATE_KEY: signsWith(oldPair) };
const members = [
  await cluster.start(signingWithOld),
  await cluster.start(signingWithOld),
  await cluster.start(signingWithOld),
];
const firstMember = () => members[0] as Member;
let admin = await cluster.person(firstMember(), 2);
const machine = await makeMachine(firstMember(), admin.token);
const guard = {
  GUARD_URLS: members.map(({ url }) => url).join(),
  GUARD_ISSUER: issuer,
  GUARD_KEY: await makeGuardKey(cluster),
};
const services = [await startService(t, guard), await startService(t, guard)];

/** Restarts the processes one after the other. */
async function roll(variables: Variables): Promise<void> {
  for (const [n, member] of members.entries()) {
    await member.stop();
    members[n] = await cluster.start({ ...variables, PORT: new URL(member.url).port });
  }
}

function checkAnswers(t: Test, answers: ReadonlyMap<number, number>): void {
  t.comment(`answers: ${JSON.stringify(Object.fromEntries(answers))}`);
  t.notOk(answers.has(401), 'a good token or key is never called invalid');
  const closed = shareClosed(answers);
  t.ok(
    closed < MAX_CLOSED,
    `and the services stay open: ${(closed * 100).toFixed(1)} % of the answers are 503`,
  );
}

t.test('A restart of one process after the other, with the next key beside, closes no service', async (t) => {
  const stop = askAllTheTime(services, () => [admin.token, machine.key], 2, 10);
  await roll({ ...signingWithOld, JWT_PREVIOUS_KEYS: accepts(nextPair) });
  checkAnswers(t, await stop());
});

t.test('A rotation of the signing key closes no service, and then the old key is withdrawn', async (t) => {
  const tokens = [admin.token];
  const stop = askAllTheTime(services, () => [...tokens, machine.key], 2, 10);
  await roll({ JWT_PRIVATE_KEY: signsWith(nextPair), JWT_PREVIOUS_KEYS: accepts(oldPair) });
  const old = admin.token;
  admin = await signIn(firstMember(), admin);
  tokens.push(admin.token);
  await until('both are accepted', 5 * MAX_MS, () => areAccepted(services, tokens));
  checkAnswers(t, await stop());

  const stopNext = askAllTheTime(services, () => [admin.token], 2, 10);
  await roll({ JWT_PRIVATE_KEY: signsWith(nextPair) });
  const { acceptedUntil, refusedAfter } = await untilRefused(services, [old], performance.now());
  t.ok(acceptedUntil < MAX_MS, `the old key is refused after ${Math.round(refusedAfter)} ms`);
  checkAnswers(t, await stopNext());
});

t.test('After a restore of the database no token of before is let in, and the services open', async (t) => {
  t.ok(await areAccepted(services, [admin.token, machine.key]));
  const { variables } = cluster;
  const restored = await latchkey(['restore', '--in-place', '--keep-keys'], { variables });
  t.equal(restored.code, 0, restored.stderr);
  const { acceptedUntil, refusedAfter } = await untilRefused(services, [admin.token], performance.now());
  t.ok(acceptedUntil < MAX_MS, `refused after ${Math.round(refusedAfter)} ms`);
  admin = await signIn(firstMember(), admin);
  const isOpen = () => areAccepted(services, [admin.token, machine.key]);
  const open = await until('they are open', 3 * MAX_MS, isOpen);
  t.comment(`open for a new token and a kept key after ${Math.round(open)} ms`);
});

t.test('A service is closed while a backup is restored, and opens with what the backup has', async (t) => {
  const folder = await temporaryFolder(t);
  const own = await createCluster(t, {
    DATABASE_URL: `file:${join(folder, 'latchkey.db')}`,
    RATE_LIMIT: '0',
    PUBLIC_URL: issuer,
    PORT: String(await freePort()),
  });
  const run = async (...args: string[]) => {
    const ended = await latchkey(args, { variables: own.variables });
    t.equal(ended.code, 0, ended.stderr);
  };
  const before = await own.start();
  const operator = await own.person(before, 2);
  const person = await own.person(before, 1);
  const kept = await makeKey(before, '/me/api-keys', person.token);
  const ended = await makeKey(before, '/me/api-keys', person.token);
  const GUARD_KEY = await makeGuardKey(own);
  const service = await startService(t, { GUARD_URLS: before.url, GUARD_ISSUER: issuer, GUARD_KEY });
  const credentials = [person.token, kept.key, ended.key];
  await until('it accepts them', 3 * MAX_MS, () => areAccepted([service], credentials));
  const file = join(folder, 'backup.db');
  await run('backup', file);
  await before.ask('DELETE', `/me/api-keys/${ended.id}`, { token: person.token });
  await before.ask('PATCH', `/users/${person.id}`, { token: operator.token, body: { access: 0 } });
  await untilRefused([service], credentials, performance.now());

  await before.stop();
  await until('it is closed', 3 * MAX_MS, async () => (await askService(service, kept.key)) === 503);
  // A backup is one more process that uses the database.
  await own.database.close();
  await run('restore', file, '--keep-keys');
  const after = await own.start();
  const open = await until('it is open', 5 * MAX_MS, () => areAccepted([service], [kept.key]));
  t.comment(`open after ${Math.round(open)} ms: the level is that of the backup`);
  t.equal(await askService(service, person.token), 401);
  t.equal(await askService(service, ended.key), 401, 'this service knows that it has ended');
  t.ok(await areAccepted([service], [(await signIn(after, person)).token]));
});
