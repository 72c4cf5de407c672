/**
 * Unauthenticated callers and users who send the most expensive bodies.
 *
 * @runs once, on SQLite: no body reaches the database.
 */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import { createCluster } from '../processes/cluster.ts';
import type { Step } from '../processes/load.ts';
import { attack } from './attackers.ts';
import { describeBystanders, refusedBystanders, watchBystanders, watchCalm } from './bystanders.ts';

const ATTACK_MS = 8_000;

const blank = (length: number) => `${'a'.repeat(length)}\u0001`;
const unknown = Object.fromEntries(Array.from({ length: 1_700 }, (_, at) => [at, 0]));
const person = { email: 'ada@example.com', password: 'correct horse battery staple' };

/** Requests of each attack, by the token of the attacker. */
const attacks: Record<string, (token: string) => readonly Step[]> = {
  'without a token': () =>
    [15_000, 64_000].flatMap((length): Step[] => [
      { method: 'PATCH', path: '/me', body: { name: blank(length) }, expected: 401 },
      { method: 'POST', path: '/invitations', body: { name: blank(length) }, expected: 401 },
    ]),
  'at public routes': () => [
    { method: 'POST', path: '/register', body: { ...person, name: blank(15_000) }, expected: 400 },
    { method: 'POST', path: '/register', body: { ...person, name: blank(64_000) }, expected: 413 },
    { method: 'POST', path: '/register', body: { ...person, email: ' '.repeat(15_000) }, expected: 400 },
    { method: 'POST', path: '/invitations/accept', body: { name: blank(15_000) }, expected: 400 },
    { method: 'POST', path: '/login', body: { ...person, ...unknown }, expected: 400 },
  ],
  'with a token of their own': (token) => [
    { method: 'PATCH', path: '/me', token, body: { name: blank(15_000) }, expected: 400 },
    { method: 'PATCH', path: '/me', token, body: { name: blank(64_000) }, expected: 413 },
  ],
};

for (const [name, stepsOf] of Object.entries(attacks))
  t.test(`Other clients are served while attackers send expensive bodies ${name}`, async (t) => {
    const cluster = await createCluster(t, { RATE_LIMIT: '0' });
    const member = await cluster.start();
    const { token } = await cluster.person(member, 1);
    const attacker = await cluster.person(member, 1);
    const calm = await watchCalm(member.url, token);

    const bystanders = await watchBystanders(member.url, token);
    const attackers = attack(member.url, 4, stepsOf(attacker.token));
    await wait(ATTACK_MS);
    const { line, failures } = await attackers.stop();
    const seen = await bystanders.stop();

    t.comment(`${name}: ${line}`);
    t.comment(describeBystanders(calm, seen));
    t.strictSame([...new Set(failures)], [], 'each gets the answer that is right');
    t.strictSame([...new Set(refusedBystanders(seen))], [], 'nobody else is refused');
    await member.stop();
  });
