/**
 * Exit codes: a native package with a wrong teardown aborts the process at its end, sometimes, and only on
 * some versions of Node.js.
 *
 * @runs once, on SQLite: its driver is a native package, as is that of the password hashes.
 */
import { availableParallelism } from 'node:os';
import t from 'tap';
import { latchkey, type Service, serve } from '../child.ts';
import { installation } from '../cli/installation.ts';
import { PASSWORD } from '../helper.ts';

const COMMANDS = 100;
const STOPS = 30;

/** Repeats a task, with one run per processor at a time. */
async function repeat(times: number, work: (turn: number) => Promise<void>): Promise<void> {
  const turns = Array.from({ length: times }, (_, turn) => turn);
  const lane = async (): Promise<void> => {
    for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) await work(turn);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

/** Counts how often each value occurs. */
function count(outcomes: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
  return counts;
}

t.test(`All of ${COMMANDS} commands end with exit code 0`, async (t) => {
  const { variables } = await installation(t);
  const outcomes: unknown[] = [];
  await repeat(COMMANDS, async () => {
    const { code, signal, stderr } = await latchkey(['user', 'list'], { variables });
    outcomes.push(signal ?? (stderr === '' ? code : stderr));
  });
  t.comment(`user list, how it ended: ${JSON.stringify(count(outcomes))}, Node.js ${process.versions.node}`);
  t.strictSame(count(outcomes), { 0: COMMANDS });
});

t.test(`A service that was used ends with exit code 0 in all of ${STOPS} stops`, async (t) => {
  const { variables } = await installation(t);
  const outcomes: unknown[] = [];
  await repeat(STOPS, async (turn) => {
    const service = await serve(t, variables);
    await use(service, `ada-${turn}@example.com`);
    service.signal(turn % 2 === 0 ? 'SIGTERM' : 'SIGINT');
    const { code, signal, stderr } = await service.ended;
    outcomes.push(signal ?? (stderr === '' ? code : stderr));
  });
  t.comment(`stops, how they ended: ${JSON.stringify(count(outcomes))}, Node.js ${process.versions.node}`);
  t.strictSame(count(outcomes), { 0: STOPS });
});

async function use({ ask }: Service, email: string): Promise<void> {
  await ask('POST', '/register', { body: { name: 'Ada', email, password: PASSWORD } });
  const { body } = await ask('POST', '/login', { body: { email, password: PASSWORD } });
  const { status } = await ask('GET', '/users', { token: body.accessToken });
  if (status !== 200) throw new Error(`GET /users answered ${status}`);
}
