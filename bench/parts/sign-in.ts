/** `POST /login`, which should cost one hash of a password and little else. */
import { startClient } from '../tools/client.ts';
import { startContender } from '../tools/contender.ts';
import { type Databases, onEach } from '../tools/databases.ts';
import { type Effort, type Figure, type Part, toRatio } from '../tools/figures.ts';

const USERS = 200;
/** Number of clients: enough that a password always waits to be verified. */
const CLIENTS = 8;

/**
 * Minimum ratio. Besides the hash, a sign-in runs ten statements in the thread of the event loop, on the same
 * core.
 */
const MIN_RATIO = 0.6;

export const signIn: Part = {
  name: 'login',
  title: 'POST /login, of the rate of argon2 alone with the same parameters, one core',
  measure: (effort) => onEach((databases) => compare(effort, databases)),
};

async function compare({ rounds, seconds, say }: Effort, { name, create }: Databases): Promise<Figure[]> {
  const settings = { DATABASE_URL: await create('login'), BENCH_USERS: String(USERS) };
  const service = await startContender('service', settings);
  const argon2 = await startContender('argon2');
  if (service === undefined || argon2 === undefined) throw new Error('A server did not start');
  const client = await startClient('sign-in', {
    BENCH_URL: service.url,
    BENCH_USERS: String(USERS),
    BENCH_CONNECTIONS: String(CLIENTS),
  });
  const hash = async (): Promise<number> =>
    Number(await (await fetch(`${argon2.url}/?seconds=${seconds}`)).text());
  const rates = { signIns: [] as number[], hashes: [] as number[] };
  try {
    // Now all networks are known.
    await client.work(USERS / 20);
    for (let round = 1; round <= rounds; round++) {
      rates.signIns.push((await client.work(seconds)).rate);
      rates.hashes.push(await hash());
      say(`${name}, round ${round} of ${rounds}: ${rates.signIns.at(-1)?.toFixed(1)} sign-ins/s`);
    }
  } finally {
    await client.stop();
    await service.stop();
    await argon2.stop();
  }
  return [toRatio(name, rates.signIns, rates.hashes, { atLeast: MIN_RATIO })];
}
