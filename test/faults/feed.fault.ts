/**
 * Two guarded services read the feed of three processes by turns, under load: how long a change takes until
 * every service obeys it, and what happens when a service hears nothing.
 *
 * @runs once, on Postgres: several processes share it.
 */
import { setTimeout as wait } from 'node:timers/promises';
import t from 'tap';
import type { Person as SignedIn } from '../helper.ts';
import { createCluster, type Member, until } from '../processes/cluster.ts';
import { movableClock } from './clock.ts';
import {
  areAccepted,
  askAllTheTime,
  askService,
  type GuardedService,
  type Key,
  MAX_CLOSED,
  MAX_MS,
  makeGuardKey,
  makeKey,
  makeMachine,
  type Obeyed,
  patient,
  readService,
  send,
  shareClosed,
  signIn,
  startService,
  untilRefused,
} from './guarded.ts';
import { seededRandom } from './random.ts';

const CHANGES = 220;
/** Changes that are made at a time, of different people. */
const AT_A_TIME = 3;
const PEOPLE = 12;
const MACHINES = 6;
/** Clients that ask all the time. */
const CLIENTS = 4;
/** The clock of one service is so far ahead. */
const AHEAD_SECONDS = 20;

interface Person extends SignedIn {
  /** Undefined after it was ended. */
  readonly apiKey: Key | undefined;
}

const random = seededRandom();
const issuer = 'https://id.example.com';
const clock = await movableClock(t);
await clock.set(AHEAD_SECONDS);
t.comment(`--seed=${random.seed}; a clock ${AHEAD_SECONDS} s ahead by ${clock.means}`);
const cluster = await createCluster(t, { RATE_LIMIT: '0', PUBLIC_URL: issuer, ACCESS_TOKEN_TTL: '3600' });
const members = [await cluster.start(), await cluster.start(), await cluster.start()];
const [first] = members as [Member, ...Member[]];
const { token: adminToken } = await cluster.person(first, 2);
const guard = {
  GUARD_URLS: members.map(({ url }) => url).join(),
  GUARD_ISSUER: issuer,
  GUARD_KEY: await makeGuardKey(cluster),
};
const services = [await startService(t, guard), await startService(t, { ...guard, ...clock.variables })];

const anyMember = () => members[random.below(members.length)] ?? first;
const asAdmin = (method: string, path: string, body?: object) =>
  send(anyMember(), method, path, { token: adminToken, ...(body !== undefined && { body }) });

async function newPerson(): Promise<Person> {
  const person = await cluster.person(patient(anyMember()), 1);
  return { ...person, apiKey: await makeKey(anyMember(), '/me/api-keys', person.token) };
}

const people: Person[] = [];
for (let n = 0; n < PEOPLE; n++) people.push(await newPerson());
const machines: Key[] = [];
for (let n = 0; n < MACHINES; n++) machines.push(await makeMachine(first, adminToken));
/** Nothing happens to it. */
const steady = await makeMachine(first, adminToken);

/** Gives a person a token and a key of level 1, whatever has happened. */
async function restore(person: Person): Promise<Person> {
  if ((await cluster.database.db.user.findUnique({ where: { id: person.id } })) === null) return newPerson();
  await asAdmin('PATCH', `/users/${person.id}`, { access: 1 });
  const { refreshToken, apiKey } = person;
  const { status, body } = await patient(anyMember()).ask('POST', '/refresh', { body: { refreshToken } });
  if (status === 200 && apiKey !== undefined)
    return { ...person, token: body.accessToken, refreshToken: body.refreshToken };
  const again = await signIn(anyMember(), person);
  return { ...again, apiKey: apiKey ?? (await makeKey(anyMember(), '/me/api-keys', again.token)) };
}

interface Change {
  readonly name: string;
  /** Undefined where a service does not accept yet what shall be refused. */
  readonly obeyed: Obeyed | undefined;
}

/** Makes a change, and waits until all services refuse what it refuses. */
async function make(
  name: string,
  refused: readonly string[],
  change: () => Promise<unknown>,
): Promise<Change> {
  // A service may not know the latest change of a person yet.
  if (!(await areAccepted(services, refused))) return { name, obeyed: undefined };
  await change();
  return { name, obeyed: await untilRefused(services, refused, performance.now()) };
}

/** Returns an index that is a worker's own. */
const ownIndex = (worker: number, length: number) =>
  worker + AT_A_TIME * random.below(Math.floor(length / AT_A_TIME));

async function changeMachine(worker: number): Promise<Change> {
  const at = ownIndex(worker, machines.length);
  const { id, key } = machines[at]!;
  const path = `/service-accounts/${id}`;
  const isSuspension = random.below(2) === 0;
  await asAdmin('PATCH', path, { disabled: false, access: 1 });
  const [name, body] = isSuspension
    ? ['a suspension', { disabled: true }]
    : ['a demotion of a service account', { access: 0 }];
  const made = await make(`${name}`, [key], () => asAdmin('PATCH', path, Object(body)));
  // A suspended key is remembered as a wrong one for some seconds.
  if (isSuspension && made.obeyed !== undefined) machines[at] = await makeMachine(anyMember(), adminToken);
  return made;
}

async function changePerson(worker: number): Promise<Change> {
  const at = ownIndex(worker, people.length);
  const person = await restore(people[at]!);
  people[at] = person;
  const { id, token, apiKey } = person;
  const { key, id: keyId } = apiKey!;
  const kind = random.below(80);
  if (kind < 30)
    return make('a demotion', [token, key], () => asAdmin('PATCH', `/users/${id}`, { access: 0 }));
  if (kind < 45) return make('a sign-out', [token], () => send(anyMember(), 'POST', '/logout', { token }));
  if (kind < 55) return make('a deletion', [token, key], () => asAdmin('DELETE', `/users/${id}`));
  return make('the end of a key', [key], async () => {
    if (kind < 67) await asAdmin('DELETE', `/users/${id}/api-keys/${keyId}`);
    else await send(anyMember(), 'DELETE', `/me/api-keys/${keyId}`, { token });
    people[at] = { ...person, apiKey: undefined };
  });
}

t.test(`Every service obeys each of ${CHANGES} changes within 2 seconds, under load`, async (t) => {
  const [one, ahead] = services as [GuardedService, GuardedService];
  const difference = (await readService(ahead)).now - (await readService(one)).now;
  t.ok(Math.abs(difference - AHEAD_SECONDS * 1_000) < 5_000, `one clock is ${difference} ms ahead`);
  const stop = askAllTheTime(services, () => [adminToken, steady.key], CLIENTS, 5);
  const times: number[] = [];
  const counts: Record<string, number> = {};
  let lastAccepted = 0;
  const workers = Array.from({ length: AT_A_TIME }, async (_, worker) => {
    while (times.length < CHANGES) {
      const isOfMachine = random.below(5) === 0;
      const { name, obeyed } = await (isOfMachine ? changeMachine(worker) : changePerson(worker));
      if (obeyed === undefined) {
        await wait(20);
        continue;
      }
      times.push(obeyed.refusedAfter);
      counts[name] = (counts[name] ?? 0) + 1;
      const acceptedUntil = Math.round(obeyed.acceptedUntil);
      lastAccepted = Math.max(lastAccepted, acceptedUntil);
      t.ok(acceptedUntil < MAX_MS, `${name}: nothing that was sent after ${acceptedUntil} ms was accepted`);
    }
  });
  await Promise.all(workers);
  const answers = await stop();
  times.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  t.comment(
    `${times.length} changes: median ${at(0.5)} ms, 99th percentile ${at(0.99)} ms, worst ${at(1)} ms; ` +
      `the last accepted request was sent after ${lastAccepted} ms`,
  );
  t.comment(JSON.stringify(counts));
  t.comment(`answers under load: ${JSON.stringify(Object.fromEntries(answers))}`);
  const asked = await Promise.all(services.map(readService));
  t.comment(`questions about keys: ${asked.map(({ questions }) => questions).join(' and ')}`);
  t.notOk(answers.has(401) || answers.has(403), 'nobody else was refused');
  t.ok(shareClosed(answers) < MAX_CLOSED, 'and the services stayed open');
});

t.test('A service whose feed is cut is closed after 2 seconds, and opens again', async (t) => {
  const [service] = services as [GuardedService];
  await fetch(`${service.url}/cut/on`, { method: 'POST' });
  const closed = await until('it is closed', 3 * MAX_MS, async () => {
    const statuses = [await askService(service, adminToken), await askService(service, steady.key)];
    return statuses.every((status) => status === 503);
  });
  t.ok(closed < MAX_MS + 500, `closed after ${Math.round(closed)} ms`);
  await fetch(`${service.url}/cut/off`, { method: 'POST' });
  const isOpen = () => areAccepted([service], [adminToken, steady.key]);
  t.comment(`open again after ${Math.round(await until('it is open', 3 * MAX_MS, isOpen))} ms`);
});

t.test('A service that was stopped for 3 seconds lets in nothing stale at its first instant', async (t) => {
  const [service] = services as [GuardedService];
  const { id, token, apiKey } = await restore(people[0]!);
  const credentials = [token, apiKey!.key];
  await until('they are accepted', 5 * MAX_MS, () => areAccepted([service], credentials));
  service.child.kill('SIGSTOP');
  await asAdmin('PATCH', `/users/${id}`, { access: 0 });
  // They wait in its socket, and are the first that it reads.
  const waiting = Array.from({ length: 20 }, (_, n) => askService(service, credentials[n % 2]!));
  await wait(3_000);
  service.child.kill('SIGCONT');
  for (const status of await Promise.all(waiting)) t.ok([401, 403, 503].includes(status), `${status}`);
  await until('it is open', 3 * MAX_MS, async () => (await askService(service, adminToken)) === 200);
});
