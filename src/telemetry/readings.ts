import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { hashingQueue } from '../accounts/passwords/hash.ts';
import { signInOutcomes } from '../accounts/sign-in/sign-in.ts';
import { version } from '../config/index.ts';
import type { ConnectionPool } from '../db/client.ts';
import { droppedLines } from '../http/logger.ts';
import { Backlog } from './backlog.ts';

const KIB_BYTES = 1024;

/** Something about the process that is a number at any time. */
export interface Reading {
  /** Without the prefix that all have. */
  readonly name: string;
  readonly help: string;
  /** Whether it only ever rises while the process lives. */
  readonly isCounter?: true;
  /** What tells its numbers apart, where it has several. */
  readonly label?: string;
  /** One number, or one for each value of the label; undefined when nothing is known. */
  read(): Values | Promise<Values>;
}
type Values = number | Readonly<Record<string, number>> | undefined;

/** All readings of a process. */
export function readingsOf(app: FastifyInstance): readonly Reading[] {
  return [
    ...peopleOf(app),
    ...hashing,
    ...revocationsOf(app),
    ...(app.database.pool === undefined ? [] : poolOf(app.database.pool)),
    ...workOf(app),
    {
      name: 'log_lines_dropped_total',
      help: 'Lines of the log that were dropped because nobody read them',
      isCounter: true,
      read: droppedLines,
    },
    {
      name: 'build_info',
      help: 'Always 1; which version runs',
      label: 'version',
      read: () => ({ [version]: 1 }),
    },
  ];
}

function peopleOf(app: FastifyInstance): readonly Reading[] {
  const countConnections = promisify(app.server.getConnections.bind(app.server));
  return [
    {
      name: 'sign_ins_total',
      help: 'Tries to sign in, by what came of them',
      isCounter: true,
      label: 'outcome',
      read: () => signInOutcomes,
    },
    {
      name: 'refusals_total',
      help: 'Requests that were answered with a problem, by its slug',
      isCounter: true,
      label: 'reason',
      read: () => Object.fromEntries(app.problemCounter.counts),
    },
    {
      name: 'http_connections',
      help: 'Open connections of clients',
      read: () => countConnections(),
    },
    {
      name: 'draining',
      help: 'Whether the process is about to stop (1)',
      read: () => Number(app.drain.hasBegun),
    },
  ];
}

const hashing: readonly Reading[] = [
  { name: 'hashing_running', help: 'Passwords that are being hashed', read: () => hashingQueue().running },
  {
    name: 'hashing_slots',
    help: 'Passwords that may be hashed at a time',
    read: () => hashingQueue().atATime,
  },
  { name: 'hashing_waiting', help: 'Passwords that wait to be hashed', read: () => hashingQueue().waiting },
  {
    name: 'hashing_room',
    help: 'Passwords that may wait; the next is refused',
    read: () => hashingQueue().room,
  },
  {
    name: 'hashing_memory_bytes',
    help: 'Memory of the passwords that are being hashed',
    read: () => hashingQueue().usedKib * KIB_BYTES,
  },
  {
    name: 'hashing_memory_limit_bytes',
    help: 'Memory that passwords may be hashed in; one that needs more is hashed alone',
    read: () => hashingQueue().memoryKib * KIB_BYTES,
  },
];

function revocationsOf({ revocations }: FastifyInstance): readonly Reading[] {
  return [
    {
      name: 'revocation_feed_age_seconds',
      help: 'Time since what was revoked was last read; above 2, each request asks the database',
      read: () => revocations.age / 1_000,
    },
    {
      name: 'revocation_feed_trusted',
      help: 'Whether requests are decided by the revocations in memory (1), or by the database (0)',
      read: () => Number(revocations.isFresh),
    },
    { name: 'revocations', help: 'Revocations in memory', read: () => revocations.size },
    {
      name: 'clock_skew_seconds',
      help: "How far the process's clock is ahead of the database's; beyond 30 either way it is not ready",
      read: () => revocations.clockSkew / 1_000,
    },
  ];
}

function poolOf(pool: ConnectionPool): readonly Reading[] {
  return [
    {
      name: 'database_connections',
      help: 'Connections to Postgres, by whether they are used',
      label: 'state',
      read: () => ({ used: pool.totalCount - pool.idleCount, idle: pool.idleCount }),
    },
    {
      name: 'database_connections_limit',
      help: 'Connections to Postgres that requests and jobs of the process may have; it has one more for what was revoked',
      read: () => pool.limit,
    },
    {
      name: 'database_waiting',
      help: 'Queries and transactions that wait for a connection',
      read: () => pool.waitingCount,
    },
  ];
}

function workOf({ accounts: { db }, jobs }: FastifyInstance): readonly Reading[] {
  const backlog = new Backlog(db);
  return [
    {
      name: 'job_failing',
      help: 'Whether the last run of a periodic job failed (1)',
      label: 'task',
      read: () => Object.fromEntries(jobs.map(({ name, failing }) => [name, Number(failing)])),
    },
    {
      name: 'mails_waiting',
      help: 'Mails that wait to be sent, of all processes; missing while the database does not answer',
      read: async () => (await backlog.read())?.mails,
    },
    {
      name: 'audit_events_unsealed',
      help: 'Audit events that are not in the chain yet, of all processes; missing while the database does not answer',
      read: async () => (await backlog.read())?.events,
    },
  ];
}
