import { countEvents } from '../../audit/count.ts';
import type { AuditAction } from '../../audit/event.ts';
import type { AccountsContext } from '../context.ts';
import { SETTLED_MS, WallClock } from './settled.ts';
import { Turns } from './turns.ts';

/** The number of hours of the sign-in chart. */
const HOURS = 24;
const HOUR_MS = 3_600_000;

/** The sign-ins of an hour. */
export interface SignIns {
  /** The beginning of the hour in ISO 8601. */
  readonly hour: string;
  readonly succeeded: number;
  readonly failed: number;
  /** Requests that were answered with 403, except for wrong passwords. */
  readonly denied: number;
}

/** The count of an hour up to a time. No event of before that time is added any more. */
interface Counted {
  readonly until: number;
  readonly count: number;
}

/** Numbers of sign-ins by hour, as of now. What does not change any more is kept in memory. */
export class SignInCounts {
  readonly #context: Pick<AccountsContext, 'db'>;
  readonly #turns = new Turns();
  readonly #clock = new WallClock();
  /** By action and hour. */
  #counted: ReadonlyMap<string, Counted> = new Map();

  constructor(context: Pick<AccountsContext, 'db'>) {
    this.#context = context;
  }

  /** Counts the sign-ins of the last 24 hours, including the current one, oldest first. */
  read(): Promise<SignIns[]> {
    return this.#turns.run(() => this.#read());
  }

  async #read(): Promise<SignIns[]> {
    const now = Date.now();
    const before = this.#clock.wasSet() ? new Map<string, Counted>() : this.#counted;
    const after = new Map<string, Counted>();
    const last = Math.floor(now / HOUR_MS) * HOUR_MS;
    const count = async (action: AuditAction, hour: number) => {
      const key = `${action} ${hour}`;
      const { until, count } = before.get(key) ?? { until: hour, count: 0 };
      const end = hour + HOUR_MS;
      const settled = Math.max(until, Math.min(end, now - SETTLED_MS));
      const kept = { until: settled, count: count + (await this.#count(action, until, settled)) };
      after.set(key, kept);
      return kept.count + (await this.#count(action, settled, end));
    };
    const signIns: SignIns[] = [];
    for (let hour = last - (HOURS - 1) * HOUR_MS; hour <= last; hour += HOUR_MS)
      signIns.push({
        hour: new Date(hour).toISOString(),
        succeeded: await count('session.opened', hour),
        failed: await count('sign-in.failed', hour),
        denied: await count('access.denied', hour),
      });
    this.#counted = after;
    return signIns;
  }

  async #count(action: AuditAction, from: number, until: number): Promise<number> {
    if (from >= until) return 0;
    return countEvents(this.#context.db, action, new Date(from), new Date(until));
  }
}
