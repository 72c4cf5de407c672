/** Model of the needs of a number of users: what each user does, times its cost. */
import type { Costs } from './costs.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;

/** Behaviour of users. These are assumptions; replace them by the figures of an installation. */
export const behaviour = {
  /** Share of the users who are active on a day. */
  activeShare: 0.2,
  /**
   * Visits per active user and day. Each is a refresh, because an access token lives shorter than the time
   * between.
   */
  visits: 6,
  /** Seconds of a visit. */
  visitSeconds: 300,
  /** Guarded requests per second of a visit. */
  requestsPerSecond: 0.2,
  /** Sign-ins per user in 30 days. */
  signInsPerMonth: 2,
  /** Share of the sessions that users end; the others expire. */
  signOutShare: 0.3,
  /**
   * Changes of a level, a password or a state, per user in 30 days: each revokes, and each is an audit event.
   */
  changesPerMonth: 0.05,
  /** Active sessions per user: devices, and sessions that were never signed out. */
  sessions: 2,
  /** Load of the busiest minute, as a multiple of the average. */
  peak: 4,
} as const;

/** Maximum utilisation of resources. */
export const headroom = {
  /** Hashing, as the simulation of its queue shows. */
  hashing: 0.5,
  /** Event loop: above this, every request waits for the others. */
  eventLoop: 0.5,
  /** Postgres's cores. */
  postgres: 0.5,
} as const;

/** Constants of Latchkey's code. */
export const built = {
  /** Entries of a process's map (src/tokens/revocations.ts), and bytes of each as its comment says. */
  revocations: 200_000,
  revocationBytes: 150,
  /**
   * Seconds that an entry is in the map (revocation-map.ts) and in the table (prune-revocations.ts), and the
   * overlap of two polls.
   */
  remembered: HOUR + 60,
  kept: 25 * HOUR,
  overlap: 30,
  /** Connections of a process to Postgres (src/db/postgres/adapter.ts). */
  connections: 10,
  /** Days of audit (AUDIT_RETENTION_DAYS). */
  auditDays: 365,
} as const;

/** Cores per process: one for its event loop, the others for hashes. */
export const CORES = 4;

export type Plan = ReturnType<typeof plan>;

/** Plan for a number of users. All figures are for the peak, unless the name says otherwise. */
export function plan(users: number, costs: Costs) {
  const traffic = trafficOf(users);
  const loopCores =
    (traffic.guarded * costs.guardMilliseconds + traffic.refreshes * costs.refreshMilliseconds) / 1_000;
  const hashCores = (traffic.signIns * costs.hashMilliseconds) / 1_000 / headroom.hashing;
  const processes = Math.max(
    2,
    Math.ceil(loopCores / headroom.eventLoop),
    Math.ceil(hashCores / (CORES - 1)),
  );
  return {
    ...traffic,
    loopCores: loopCores / headroom.eventLoop,
    hashCores,
    processes,
    ...databaseOf(traffic, processes, costs),
    ...storageOf(users, traffic, costs),
  };
}

type Traffic = ReturnType<typeof trafficOf>;

/** Rates per second. */
function trafficOf(users: number) {
  const { activeShare, visits, visitSeconds, requestsPerSecond, peak } = behaviour;
  const { signInsPerMonth, signOutShare, changesPerMonth } = behaviour;
  const visitsPerSecond = (users * activeShare * visits) / DAY;
  const averageSignIns = (users * signInsPerMonth) / MONTH;
  const averageChanges = (users * changesPerMonth) / MONTH;
  const averageEvents = averageSignIns * (1 + signOutShare) + averageChanges;
  return {
    guarded: peak * visitsPerSecond * visitSeconds * requestsPerSecond,
    refreshes: peak * visitsPerSecond,
    signIns: peak * averageSignIns,
    revocations: peak * (averageSignIns * signOutShare + averageChanges),
    events: peak * averageEvents,
    averageEvents,
  };
}

function databaseOf({ refreshes, signIns, revocations, events }: Traffic, processes: number, costs: Costs) {
  const milliseconds =
    refreshes * costs.refreshPostgresMilliseconds +
    signIns * costs.signInPostgresMilliseconds +
    processes * costs.idlePostgresMilliseconds;
  const live = revocations * built.remembered;
  return {
    writes: refreshes + signIns + revocations,
    idleTransactions: processes * costs.idleTransactionsPerSecond,
    postgresCores: milliseconds / 1_000 / headroom.postgres,
    walMegabytes: (refreshes * costs.refreshWalBytes + signIns * costs.signInWalBytes) / 1e6,
    connections: processes * built.connections,
    liveRevocations: live,
    /** Each process reads the revocations of the overlap every second. */
    revocationReads: processes * revocations * built.overlap,
    mapMegabytes: (Math.min(live, built.revocations) * built.revocationBytes) / 1e6,
    sealer: events / costs.sealedPerSecond,
  };
}

/** Gigabytes (10^9 bytes). */
function storageOf(users: number, { averageEvents, revocations }: Traffic, costs: Costs) {
  const events = averageEvents * DAY * built.auditDays;
  return {
    eventsPerDay: averageEvents * DAY,
    eventRows: events,
    sessionRows: users * behaviour.sessions,
    revocationRows: revocations * built.kept,
    userGigabytes: (users * costs.userBytes) / 1e9,
    sessionGigabytes: (users * behaviour.sessions * costs.sessionBytes) / 1e9,
    auditGigabytes: (events * costs.eventBytes) / 1e9,
    revocationGigabytes: (revocations * built.kept * costs.revocationBytes) / 1e9,
  };
}

/** Resources, in the order in which a growing number of users exhausts them. */
export interface Limit {
  readonly name: string;
  readonly users: number;
}

/** Postgres server that the limits assume. */
export const postgres = { cores: 32, connections: 100, terabytes: 1 } as const;

export function findLimits(costs: Costs): Limit[] {
  const limits: readonly [name: string, isReached: (plan: Plan) => boolean][] = [
    [`${postgres.connections} connections, Postgres' default`, (at) => at.connections > postgres.connections],
    [
      `the map of revocations (${built.revocations.toLocaleString('en')})`,
      (at) => at.liveRevocations > built.revocations,
    ],
    [`${postgres.cores} cores of Postgres, half used`, (at) => at.postgresCores > postgres.cores],
    ['the sealer, at the peak', (at) => at.sealer > 1],
    ['the sealer, all day', (at) => at.sealer > behaviour.peak],
    [`${postgres.terabytes} TB of audit in a year`, (at) => at.auditGigabytes > 1_000 * postgres.terabytes],
    [
      `${postgres.terabytes} TB of users and sessions`,
      (at) => at.userGigabytes + at.sessionGigabytes > 1_000 * postgres.terabytes,
    ],
  ];
  return limits
    .map(([name, isReached]) => ({ name, users: fewest((users) => isReached(plan(users, costs))) }))
    .sort((a, b) => a.users - b.users);
}

/**
 * Finds the smallest number of users for which a condition holds, by bisection: more users never need less.
 */
function fewest(isSo: (users: number) => boolean): number {
  let [low, high] = [0, 1e12];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isSo(middle)) high = middle;
    else low = middle;
  }
  return high;
}
