/** Services with @latchkey/guard in processes of their own, for the faults of the feed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { latchkey, type Variables } from '../child.ts';
import { PASSWORD, type Person, type Teardown } from '../helper.ts';
import type { Cluster, Member } from '../processes/cluster.ts';

/** Time within which every service obeys a change. */
export const MAX_MS = 2_000;

/** Answers 503 `busy` in a row, of a process without a free processor, and the pause after each. */
const MAX_BUSY = 20;
const BUSY_MS = 250;

/** Share of the answers that may be 503: a machine without a free processor delays answers of the feed. */
export const MAX_CLOSED = 0.05;

export interface GuardedService {
  readonly url: string;
  readonly child: ChildProcess;
}

/** An API key. Of a service account, `id` is that of the account. */
export interface Key {
  readonly id: string;
  readonly key: string;
}

/** Makes a key for guards, as an operator does. */
export async function makeGuardKey({ variables }: Cluster): Promise<string> {
  const { code, stdout, stderr } = await latchkey(['key', 'create', '--for-guard'], { variables });
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** @param variables `GUARD_URLS`, `GUARD_ISSUER` and `GUARD_KEY`, and others of the process */
export async function startService(t: Teardown, variables: Variables): Promise<GuardedService> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'guarded-service.ts')], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  const [text] = await once(child.stdout, 'data');
  return { url: /http:\S+/.exec(String(text))?.[0] ?? '', child };
}

/** Sends a token or an API key to a service. @returns the status */
export async function askService({ url }: GuardedService, credential: string): Promise<number> {
  const answer = await fetch(`${url}/reports`, { headers: { authorization: `Bearer ${credential}` } });
  await answer.text();
  return answer.status;
}

/** Reads the clock of a service, and how often it has asked for a key. */
export async function readService({ url }: GuardedService): Promise<{ now: number; questions: number }> {
  const { now, questions } = Object(await (await fetch(`${url}/time`)).json());
  return { now, questions };
}

/** Tells whether every service accepts every credential. */
export async function areAccepted(
  services: readonly GuardedService[],
  credentials: readonly string[],
): Promise<boolean> {
  const asked = services.flatMap((service) =>
    credentials.map((credential) => askService(service, credential)),
  );
  return (await Promise.all(asked)).every((status) => status === 200);
}

/** How long a change took to be obeyed, in milliseconds since it was answered. */
export interface Obeyed {
  /** Until the last request was sent that a service accepted; 0 when there was none. */
  readonly acceptedUntil: number;
  /** Until all services had refused. A machine without a free processor makes the answers late. */
  readonly refusedAfter: number;
}

/**
 * Asks all services until each refuses each credential, but for a while at most.
 *
 * @param since performance.now() when the change was answered
 */
export async function untilRefused(
  services: readonly GuardedService[],
  credentials: readonly string[],
  since: number,
): Promise<Obeyed> {
  let acceptedUntil = 0;
  const asking = services.flatMap((service) =>
    credentials.map(async (credential) => {
      for (;;) {
        const sent = performance.now() - since;
        if ((await askService(service, credential)) !== 200) return;
        acceptedUntil = Math.max(acceptedUntil, sent);
        if (sent > 2 * MAX_MS) return;
        await wait(5);
      }
    }),
  );
  await Promise.all(asking);
  return { acceptedUntil, refusedAfter: performance.now() - since };
}

/**
 * Asks all services all the time.
 *
 * @returns a function that ends it, and counts the statuses
 */
export function askAllTheTime(
  services: readonly GuardedService[],
  credentials: () => readonly string[],
  clients = 1,
  pauseMs = 2,
): () => Promise<ReadonlyMap<number, number>> {
  let isOver = false;
  const answers = new Map<number, number>();
  const load = Array.from({ length: clients }, async (_, n) => {
    for (let turn = n; !isOver; turn++) {
      const chosen = credentials();
      const service = services[turn % services.length]!;
      // A service that has ended, with a test that failed, ends this too.
      const status = await askService(service, chosen[(turn >> 1) % chosen.length]!).catch(() => 0);
      if (status === 0) isOver = true;
      answers.set(status, (answers.get(status) ?? 0) + 1);
      await wait(pauseMs);
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(load);
    return answers;
  };
}

/** A process that is asked again while it is busy: then it has done nothing. */
export function patient({ ask }: Pick<Member, 'ask'>): Pick<Member, 'ask'> {
  return {
    ask: async (...request) => {
      for (let busy = 0; ; busy++) {
        const answer = await ask(...request);
        if (answer.status !== 503 || busy >= MAX_BUSY) return answer;
        await wait(BUSY_MS);
      }
    },
  };
}

/** Tells which share of the answers is 503. */
export function shareClosed(answers: ReadonlyMap<number, number>): number {
  const all = [...answers.values()].reduce((sum, count) => sum + count, 0);
  return (answers.get(503) ?? 0) / all;
}

/** Sends a request that has to succeed. @returns the body */
export async function send(
  at: Pick<Member, 'ask'>,
  method: string,
  path: string,
  { token, body }: { readonly token?: string; readonly body?: object },
) {
  const sent = { ...(token !== undefined && { token }), body };
  const answer = await patient(at).ask(method, path, sent);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status}`);
  return answer.body;
}

/** Makes a service account with a key. */
export async function makeMachine(at: Pick<Member, 'ask'>, token: string): Promise<Key> {
  const { id } = await send(at, 'POST', '/service-accounts', { token, body: { name: 'machine', access: 1 } });
  return { id, key: (await makeKey(at, `/service-accounts/${id}/api-keys`, token)).key };
}

export async function makeKey(at: Pick<Member, 'ask'>, path: string, token: string): Promise<Key> {
  const { id, key } = await send(at, 'POST', path, { token, body: { name: 'faults', access: 1 } });
  return { id, key };
}

/** Signs a person in again. */
export async function signIn<Of extends Person>(at: Pick<Member, 'ask'>, person: Of): Promise<Of> {
  const body = { email: person.email, password: PASSWORD };
  const { accessToken: token, refreshToken } = await send(at, 'POST', '/login', { body });
  return { ...person, token, refreshToken };
}
