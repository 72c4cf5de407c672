/** Several processes of the product that share a database, a key and a secret, and clients for them. */
import type { Database } from '#latchkey/db/client.ts';
import { openDatabase } from '#latchkey/db/open.ts';
import { type Service, serve, temporaryFolder, type Variables } from '../child.ts';
import { checkAnswer } from '../contract.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD, type Person, PUBLIC_URL, type Teardown } from '../helper.ts';

/** Time after which a test gives up on an answer. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: the contract is checked beside it
  readonly body: any;
  /** Value of performance.now() when it was sent. */
  readonly sentAt: number;
  /** Milliseconds until the answer was complete. */
  readonly took: number;
}

export interface Ask {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Variables;
}

/** Process of the cluster. */
export interface Member extends Omit<Service, 'ask'> {
  /** Sends a request; the answer is checked against openapi/openapi.json. */
  ask(method: string, path: string, options?: Ask): Promise<Reply>;
}

export interface Cluster {
  /** URL of the database. */
  readonly url: string;
  /** Environment that all processes share. */
  readonly variables: Variables;
  /** Database handle of an administrator. */
  readonly database: Database;
  /** Starts a process. @param script in place of `bin/latchkey.js serve` */
  start(variables?: Variables, script?: string): Promise<Member>;
  /**
   * Sends a request to a URL, of a proxy for instance; the answer is checked against openapi/openapi.json.
   */
  askAt(url: string, method: string, path: string, options?: Ask): Promise<Reply>;
  /** Registers a user, sets the level in the database as an operator would, and signs in. */
  person(at: Pick<Member, 'ask'>, access: number): Promise<Person>;
}

/** @param variables of all processes; without a DATABASE_URL they get a new database */
export async function createCluster(t: Teardown, variables: Variables = {}): Promise<Cluster> {
  const url = variables.DATABASE_URL ?? (await createMigratedDatabase(t)).url;
  const shared = {
    DATA_DIR: await temporaryFolder(t),
    PUBLIC_URL,
    LOG_LEVEL: 'warn',
    ...variables,
    DATABASE_URL: url,
  };
  const database = openDatabase(url);
  t.teardown(() => database.close());
  let people = 0;
  return {
    url,
    variables: shared,
    database,
    start: async (own = {}, script) => {
      const service = await serve(t, { ...shared, ...own }, script);
      return { ...service, ask: (method, path, options) => ask(service.url, method, path, options) };
    },
    askAt: ask,
    person: async (at, access) => {
      const email = `person-${people++}@example.com`;
      const registered = await at.ask('POST', '/register', {
        body: { name: 'Somebody', email, password: PASSWORD },
      });
      if (registered.status !== 201) throw new Error(`Registering got ${registered.status}`);
      const { id } = registered.body;
      await database.db.user.update({ where: { id }, data: { access, permanentAccess: access } });
      const { body } = await at.ask('POST', '/login', { body: { email, password: PASSWORD } });
      return { id, email, token: body.accessToken, refreshToken: body.refreshToken };
    },
  };
}

async function ask(
  url: string,
  method: string,
  path: string,
  { token, body, headers: own = {} }: Ask = {},
): Promise<Reply> {
  const sentAt = performance.now();
  const response = await fetch(url + path, {
    method,
    headers: {
      ...own,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const text = await response.text();
  const took = performance.now() - sentAt;
  const headers = Object.fromEntries(response.headers);
  checkAnswer(method, path, {
    statusCode: response.status,
    headers,
    body: text,
    json: () => JSON.parse(text),
  });
  return { status: response.status, headers, body: text === '' ? undefined : JSON.parse(text), sentAt, took };
}

/** Tells whether the guard accepts a token, on a route without a query. @throws on any other answer */
export async function isAccepted(at: Member, token: string): Promise<boolean> {
  const { status } = await at.ask('GET', '/me/permissions', { token });
  if (status !== 200 && status !== 401) throw new Error(`An access token got ${status}`);
  return status === 200;
}

/**
 * Polls until a condition holds.
 *
 * @param limit milliseconds
 * @returns milliseconds until then
 */
export async function until(what: string, limit: number, isSo: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await isSo())) {
    if (performance.now() - began > limit) throw new Error(`Not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - began;
}

/**
 * Waits until a process refuses an access token.
 *
 * @param since performance.now() when it was revoked; a request sent more than 2 s after that must be refused
 */
export async function refused(at: Member, token: string, since: number): Promise<void> {
  for (;;) {
    const sentAt = performance.now();
    if (!(await isAccepted(at, token))) return;
    const age = Math.round(sentAt - since);
    if (age > 2_000) throw new Error(`A token was accepted ${age} ms after it was revoked`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
