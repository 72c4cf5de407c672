import { listTargets } from '../../audit/count.ts';
import type { AuditAction } from '../../audit/event.ts';
import { joinSql, rawSql, sql } from '../../db/client.ts';
import { lowestIdOf } from '../../lib/id.ts';
import type { AccountsContext } from '../context.ts';
import { SETTLED_MS, WallClock } from './settled.ts';
import { Turns } from './turns.ts';

/** Users of a range, when it is made. SQLite blocks the event loop for a millisecond to count them. */
const RANGE_SIZE = 5_000;

/** Changes since the last look, beyond which all ranges are counted again. */
const MAX_CHANGES = 1_000;

/** Milliseconds after which all ranges are counted again, for changes that were made by hand. */
const MAX_AGE_MS = 600_000;

/** The actions after which a range has other counts. The target of each is the user. */
const actions: readonly AuditAction[] = [
  'user.registered',
  'user.created',
  'user.access-changed',
  'user.elevation-expired',
  'user.disabled',
  'user.enabled',
  'user.deleted',
];

/** The numbers of users of a level. */
export interface LevelCount {
  readonly enabled: number;
  readonly disabled: number;
}

/** The numbers of users by level. */
type Counts = ReadonlyMap<number, LevelCount>;

/** The users with an id from `from` (included) to `to` (excluded). */
interface Range {
  readonly from: string;
  readonly to: string;
  readonly counts: Counts;
}

/**
 * Numbers of users by level, as of now, without counting all of them. The ids of users are divided into
 * ranges, whose counts are kept in memory. Every change of a level is an event of the audit in the same
 * transaction, in any process: a look counts the ranges of those users again, and the users who are new. The
 * first look counts all ranges, in statements between which others are answered.
 */
export class UserCounts {
  readonly #context: Pick<AccountsContext, 'db' | 'levels'>;
  readonly #turns = new Turns();
  readonly #clock = new WallClock();
  /** Ascending and without gaps, from the lowest id on. */
  #ranges: Range[] = [];
  /** performance.now() when all ranges were counted. */
  #countedAt = 0;
  /** Time up to which the events were read. */
  #readUntil = 0;

  constructor(context: Pick<AccountsContext, 'db' | 'levels'>) {
    this.#context = context;
  }

  /** Reads the numbers. They include every change that was committed before the call. */
  read(): Promise<Counts> {
    // One at a time. A look that began before a change could not be shared by one that begins after it.
    return this.#turns.run(() => this.#read());
  }

  async #read(): Promise<Counts> {
    const now = Date.now();
    await this.#update(now);
    const settledId = lowestIdOf(new Date(now - SETTLED_MS));
    const latest: Counts[] = [];
    for (let from: string | undefined = this.#ranges.at(-1)?.to ?? ''; from !== undefined; ) {
      const to = await this.#findEnd(from);
      const counts = await this.#count(from, to);
      // A range is kept when no user is added to it any more but by an import, which keeps older ids.
      if (to !== undefined && to <= settledId) this.#ranges.push({ from, to, counts });
      else latest.push(counts);
      from = to;
    }
    const all = sum([...this.#ranges.map(({ counts }) => counts), ...latest]);
    return sum([all, await this.#countServices()]);
  }

  /** Counts the ranges again in which something has changed, or forgets all of them. */
  async #update(now: number): Promise<void> {
    const isOld = performance.now() - this.#countedAt > MAX_AGE_MS;
    const changed = this.#clock.wasSet() || isOld ? undefined : await this.#findChanged();
    if (changed === undefined || this.#ranges.length === 0) {
      this.#ranges = [];
      this.#countedAt = performance.now();
    } else {
      for (const range of changed) {
        const counts = await this.#count(range.from, range.to);
        this.#ranges[this.#ranges.indexOf(range)] = { ...range, counts };
      }
    }
    this.#readUntil = now;
  }

  /** @returns undefined when there are too many changes */
  async #findChanged(): Promise<ReadonlySet<Range> | undefined> {
    if (this.#ranges.length === 0) return new Set();
    const since = new Date(this.#readUntil - SETTLED_MS);
    const users = await listTargets(this.#context.db, actions, since, MAX_CHANGES);
    if (users === undefined) return undefined;
    const isIn = (id: string) => this.#ranges.find(({ from, to }) => from <= id && id < to);
    return new Set([...users].flatMap((id) => isIn(id) ?? []));
  }

  /** Finds the end of a range. @returns undefined for the last users, who are no whole range */
  async #findEnd(from: string): Promise<string | undefined> {
    const [end] = await this.#context.db.raw.query<{ id: string }>`
      SELECT "id" FROM "User" WHERE "id" >= ${from} ORDER BY "id" LIMIT 1 OFFSET ${RANGE_SIZE}`;
    return end?.id;
  }

  /**
   * Counts the service accounts, below zero: the index of the ranges counts them with the people, and they
   * are few.
   */
  async #countServices(): Promise<Counts> {
    const groups = await this.#context.db.raw.query<{ access: number; disabled: boolean; count: number }>`
      SELECT "access", "disabled", count(*) AS "count" FROM "User" WHERE "kind" = 'service'
      GROUP BY "access", "disabled"`;
    return sum(
      groups.map(({ access, disabled, count }) => {
        const [enabled, others] = disabled ? [0, -Number(count)] : [-Number(count), 0];
        return new Map([[Number(access), { enabled, disabled: others }]]);
      }),
    );
  }

  async #count(from: string, to: string | undefined): Promise<Counts> {
    const end = to === undefined ? rawSql('') : sql`AND "id" < ${to}`;
    // Each is a range of an index. Grouped, they would be counted by an index that lacks the level.
    const countOf = (access: number, disabled: boolean) =>
      sql`(SELECT count(*) FROM "User" WHERE "access" = ${access} AND "disabled" = ${disabled} AND "id" >= ${from} ${end})`;
    const levels = this.#context.levels.all.map(
      ({ number }) =>
        sql`SELECT CAST(${number} AS INTEGER) AS "access", ${countOf(number, false)} AS "enabled", ${countOf(number, true)} AS "disabled"`,
    );
    const rows = await this.#context.db.raw.query<{ access: number; enabled: number; disabled: number }>`
      ${joinSql(levels, ' UNION ALL ')}`;
    return new Map(
      rows.map(({ access, enabled, disabled }) => [
        Number(access),
        { enabled: Number(enabled), disabled: Number(disabled) },
      ]),
    );
  }
}

function sum(all: readonly Counts[]): Counts {
  const total = new Map<number, LevelCount>();
  for (const [access, { enabled, disabled }] of all.flatMap((counts) => [...counts])) {
    const before = total.get(access) ?? { enabled: 0, disabled: 0 };
    total.set(access, { enabled: before.enabled + enabled, disabled: before.disabled + disabled });
  }
  return total;
}
