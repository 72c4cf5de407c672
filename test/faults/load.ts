/**
 * Load: users of a service with a fault. Each sends one request after another, and enters the responses in
 * the ledger.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { PASSWORD, type Teardown } from '../helper.ts';
import type { Ask, Member, Reply } from '../processes/cluster.ts';
import { Ledger } from './ledger.ts';
import type { Random } from './random.ts';

const noAnswer = { status: undefined, problem: undefined };

/** Pause between two attempts of the same request. */
const RETRY_DELAY_MS = 50;

/** A response, or its absence. */
export interface Attempt {
  readonly what: string;
  /** Status; undefined when the connection broke or could not be opened. */
  readonly status: number | undefined;
  readonly at: Member;
  /** Type of the problem in the body. */
  readonly problem: string | undefined;
  /** Time by performance.now(). */
  readonly sentAt: number;
  readonly took: number;
  /** Unexpected responses: neither a success nor a 503 with Retry-After. */
  readonly complaint: string | undefined;
}

export interface LoadOptions {
  /** Number of concurrent users. */
  readonly people: number;
  /** Returns the process that serves a user; the same one as before unless it has ended. */
  readonly serving: (person: number) => Member;
  /** Access token of the admin who changes levels. */
  readonly admin: () => string;
  readonly random: Random;
  /** True when admins may get 401, because the clock of their tokens differs. */
  readonly isTimeMoved?: boolean;
  /**
   * True when a registration creates no account, because there is a mail server. Users are then created in
   * advance.
   */
  readonly accounts?: readonly Account[];
}

/** A user whose password is {@link PASSWORD}. */
export interface Account {
  readonly id: string;
  readonly email: string;
}

interface OpenSession {
  readonly id: string;
  token: string;
  refreshToken: string;
}

/** Users that send requests until they are stopped. */
export class Load {
  readonly ledger = new Ledger();
  readonly attempts: Attempt[] = [];
  readonly #options: LoadOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #names = 0;
  /** Number of requests with a 403; the audit counts each of them. */
  denials = 0;
  /** Number of sessions that ended because the response to a refresh was lost for longer than ten seconds. */
  signedOut = 0;

  /** Starts the load. @param t test at whose end the load stops in any case */
  constructor(t: Teardown, options: LoadOptions) {
    t.teardown(() => this.#stop.abort());
    this.#options = options;
    const people = Array.from({ length: options.people }, (_, index) => this.#live(index));
    this.#running = Promise.all(people).then(() => {});
    // stop() awaits it.
    this.#running.catch(() => {});
  }

  /** Waits for the pending requests of all users. @throws {Error} when a user got an unexpected response */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Waits for a number of further successful responses. */
  async successes(count: number): Promise<void> {
    const from = this.attempts.length;
    const isEnough = () => this.attempts.slice(from).filter(isSuccess).length >= count;
    while (!isEnough()) {
      if (this.#stop.signal.aborted) throw new Error('The load has ended');
      await Promise.race([wait(RETRY_DELAY_MS), this.#running]);
    }
  }

  get #isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  async #live(person: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const account = await this.#account(person, turn);
      if (account === undefined) continue;
      const first = await this.#signIn(person, account);
      if (first === undefined) continue;
      await this.#knock(person, first);
      const refreshes = 1 + this.#options.random.below(3);
      for (let index = 0; index < refreshes; index++) await this.#refresh(person, first);
      await this.#changeAccess(person, account, this.#options.random.below(2) * 2);
      await this.#refresh(person, first);
      const second = await this.#signIn(person, account);
      await this.#signOut(person, first);
      if (second !== undefined) await this.#refresh(person, second);
    }
  }

  async #account(person: number, turn: number): Promise<Account | undefined> {
    const { accounts } = this.#options;
    if (accounts !== undefined) return accounts[person % accounts.length];
    const email = `${this.#options.random.word()}-${person}-${turn}@load.example`;
    this.ledger.users.set(email, undefined);
    const body = { name: 'Somebody', email, password: PASSWORD };
    const reply = await this.#try(person, 'register', 'POST', '/register', { body });
    if (reply?.status !== 201) return this.#pause();
    const { id } = reply.body;
    this.ledger.users.set(email, id);
    return { id, email };
  }

  async #signIn(person: number, { id, email }: Account): Promise<OpenSession | undefined> {
    const body = { email, password: PASSWORD };
    const reply = await this.#try(person, 'sign in', 'POST', '/login', { body });
    if (reply?.status !== 200) return this.#pause();
    const session = sessionOf(reply);
    this.ledger.sessions.set(session.id, {
      userId: id,
      rotation: 0,
      isRotationOpen: false,
      end: undefined,
    });
    return session;
  }

  /** Sends a request that needs an admin. */
  async #knock(person: number, { token }: OpenSession): Promise<void> {
    const reply = await this.#try(person, 'knock', 'GET', '/control-panel', { token }, [401, 403]);
    if (reply?.status === 403) this.denials += 1;
  }

  /** Sends the same token until there is a response, as a client does that has lost one. */
  async #refresh(person: number, session: OpenSession): Promise<void> {
    const known = this.ledger.sessions.get(session.id);
    if (known === undefined || known.end !== undefined) return;
    do {
      const { refreshToken } = session;
      const isRepeated = known.isRotationOpen;
      known.isRotationOpen = true;
      const reply = await this.#try(person, 'refresh', 'POST', '/refresh', { body: { refreshToken } }, [401]);
      if (reply?.status === 200) {
        Object.assign(session, sessionOf(reply));
        known.rotation += 1;
        known.isRotationOpen = false;
        return;
      }
      if (reply?.status === 401) {
        // The first response was lost and the retry came too late: the token counts as stolen.
        known.end = 'unknown';
        this.signedOut += 1;
        if (!isRepeated) this.#complain('refresh', person, 'a refresh token that was sent once got 401');
        return;
      }
      await this.#pause();
    } while (!this.#isOver);
  }

  async #changeAccess(person: number, { id }: Account, access: number): Promise<void> {
    const reason = `${this.#options.random.word()}-${this.#names++}`;
    const before = this.#lastLevel(id);
    const change = { userId: id, access, isRecorded: before !== undefined && before !== access };
    this.ledger.changes.set(reason, { ...change, certainty: 'unknown' });
    const options = { token: this.#options.admin(), body: { access, reason } };
    const reply = await this.#try(
      person,
      'change access',
      'PATCH',
      `/users/${id}`,
      options,
      this.#options.isTimeMoved ? [401] : [],
    );
    if (reply?.status !== 200) return this.#pause();
    if (reply.body.access !== access) this.#complain('change access', person, 'another level was answered');
    this.ledger.changes.set(reason, { ...change, certainty: 'acknowledged' });
  }

  /** Level as its client knows it; undefined when it is unknown. */
  #lastLevel(userId: string): number | undefined {
    const own = [...this.ledger.changes.values()].filter((change) => change.userId === userId);
    const last = own.at(-1);
    if (last === undefined) return 1;
    return last.certainty === 'acknowledged' ? last.access : undefined;
  }

  async #signOut(person: number, session: OpenSession): Promise<void> {
    const known = this.ledger.sessions.get(session.id);
    // The token may be from before a change whose response was lost.
    if (known === undefined || known.end !== undefined || known.isRotationOpen) return;
    known.end = 'unknown';
    const reply = await this.#try(person, 'sign out', 'POST', '/logout', { token: session.token }, [401]);
    if (reply?.status === 204) known.end = 'acknowledged';
  }

  /** Sends a request. @param expected further statuses that are allowed */
  async #try(
    person: number,
    what: string,
    method: string,
    path: string,
    options: Ask,
    expected: readonly number[] = [],
  ): Promise<Reply | undefined> {
    const at = this.#options.serving(person);
    const sentAt = performance.now();
    try {
      const reply = await at.ask(method, path, options);
      const { status, took } = reply;
      const isRefusal = status === 503 && /^[1-9]\d*$/.test(reply.headers['retry-after'] ?? '');
      const isFine = status < 300 || isRefusal || expected.includes(status);
      const complaint = isFine ? undefined : `${method} ${path} got ${status}: ${JSON.stringify(reply.body)}`;
      const problem = status < 400 ? undefined : String(reply.body.type).split('/').at(-1);
      this.attempts.push({ what, status, problem, at, sentAt, took, complaint });
      return reply;
    } catch (error) {
      if (!isBroken(error)) throw error;
      const took = performance.now() - sentAt;
      this.attempts.push({ ...noAnswer, what, at, sentAt, took, complaint: undefined });
      return undefined;
    }
  }

  #complain(what: string, person: number, complaint: string): void {
    const at = this.#options.serving(person);
    const sentAt = performance.now();
    this.attempts.push({ ...noAnswer, what, at, sentAt, took: 0, complaint });
  }

  async #pause(): Promise<undefined> {
    await wait(RETRY_DELAY_MS);
  }
}

export function isSuccess({ status }: Attempt): boolean {
  return status !== undefined && status < 300;
}

function sessionOf({ body }: Reply): OpenSession {
  const { accessToken: token, refreshToken } = body;
  return { id: String(refreshToken).split('.')[0] ?? '', token, refreshToken };
}

/** Checks for an error of fetch: a refused or reset connection, or a missing response. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && (error instanceof TypeError || error.name === 'TimeoutError');
}
