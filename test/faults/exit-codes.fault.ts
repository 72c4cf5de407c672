/**
 * A native package that is torn down wrongly aborts the process when all is done: now and then, and on some versions of Node.js only.
 *
 * @runs once, on SQLite: its driver is such a package, as that of the password hashes is.
 */
import { availableParallelism } from 'node:os';
import t from 'tap';
import { latchkey, type Service, serve } from '../child.ts';
import { installation } from '../cli/installation.ts';
import { PASSWORD } from '../helper.ts';

const COMMANDS = 100;
const STOPS = 30;

/** Does something so many times, one a processor at a time. */
async function repeat(times: number, work: (turn: number) => Promise<void>): Promise<void> {
  const turns = Array.from({ length: times }, (_, turn) => turn);
  const lane = async (): Promise<void> => {
    for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) await work(turn);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

/** How often each was seen. */
function count(outcomes: readonly unknown[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
  return counts;
}

t.test(`${COMMANDS} commands end with 0`, async (t) => {
  const { variables } = await installation(t);
  const outcomes: unknown[] = [];
  await repeat(COMMANDS, async () => {
    const { code, signal, stderr } = await latchkey(['user', 'list'], { variables });
    outcomes.push(signal ?? (stderr === '' ? code : stderr));
  });
  t.comment(`user list, how it ended: ${JSON.stringify(count(outcomes))}, Node.js ${process.versions.node}`);
  t.strictSame(count(outcomes), { 0: COMMANDS });
});

t.test(`${STOPS} stops of a service that was used end with 0`, async (t) => {
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
