import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { hashingQueue } from '../accounts/passwords/hash.ts';
import { signInOutcomes } from '../accounts/sign-in/outcomes.ts';
import { version } from '../config/index.ts';
import { droppedLines } from '../http/logger.ts';
import { Backlog } from './backlog.ts';
import { databaseReadingsOf } from './database-readings.ts';
import type { Reading } from './reading.ts';

const KIB_BYTES = 1024;

/** Lists the readings of both kinds of database. A process has those of its own. */
export function readingsOf(app: FastifyInstance): readonly Reading[] {
  return [
    ...trafficOf(app),
    ...hashing,
    ...revocationsOf(app),
    ...databaseReadingsOf(app),
    ...backgroundOf(app),
    {
      name: 'log_lines_dropped_total',
      help: 'Log lines that were dropped because the output was not read',
      isCounter: true,
      read: droppedLines,
    },
    {
      name: 'build_info',
      help: 'Always 1; the label is the running version',
      label: 'version',
      read: () => ({ [version]: 1 }),
    },
  ];
}

function trafficOf(app: FastifyInstance): readonly Reading[] {
  const countConnections = promisify(app.server.getConnections.bind(app.server));
  return [
    {
      name: 'sign_ins_total',
      help: 'Sign-in attempts, by outcome',
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
      help: '1 while the process drains its connections before it stops',
      read: () => Number(app.isStopping()),
    },
  ];
}

const hashing: readonly Reading[] = [
  { name: 'hashing_running', help: 'Passwords that are being hashed', read: () => hashingQueue().running },
  {
    name: 'hashing_slots',
    help: 'Passwords that may be hashed at the same time',
    read: () => hashingQueue().atATime,
  },
  { name: 'hashing_waiting', help: 'Passwords in the queue for hashing', read: () => hashingQueue().waiting },
  {
    name: 'hashing_room',
    help: 'Capacity of the queue for hashing; beyond it, requests are refused',
    read: () => hashingQueue().room,
  },
  {
    name: 'hashing_memory_bytes',
    help: 'Memory that password hashing uses now',
    read: () => hashingQueue().usedKib * KIB_BYTES,
  },
  {
    name: 'hashing_memory_limit_bytes',
    help: 'Memory limit of password hashing; a hash that needs more runs alone',
    read: () => hashingQueue().memoryKib * KIB_BYTES,
  },
];

function revocationsOf({ pace, revocations }: FastifyInstance): readonly Reading[] {
  return [
    {
      name: 'revocation_feed_age_seconds',
      help: 'Time since the revocations were last read; above 2, each request queries the database',
      read: () => revocations.age / 1_000,
    },
    {
      name: 'revocation_feed_trusted',
      help: '1 while requests are checked against the revocations in memory or none come, 0 while they query the database',
      read: () => Number(revocations.isFresh || pace.isIdle),
    },
    { name: 'revocations', help: 'Revocations in memory', read: () => revocations.size },
    {
      name: 'clock_skew_seconds',
      help: 'Difference between the clocks of the process and of the database; beyond 30 in either direction the process is not ready',
      read: () => revocations.clockSkew / 1_000,
    },
  ];
}

function backgroundOf({ accounts: { db }, jobs }: FastifyInstance): readonly Reading[] {
  const backlog = new Backlog(db);
  return [
    {
      name: 'job_failing',
      help: '1 when the last run of the periodic job failed',
      label: 'task',
      read: () => Object.fromEntries(jobs.map(({ name, failing }) => [name, Number(failing)])),
    },
    {
      name: 'mails_waiting',
      help: 'Mails that are not sent yet, in the whole database; missing while the database does not answer',
      read: async () => (await backlog.read())?.mails,
    },
    {
      name: 'audit_events_unsealed',
      help: 'Audit events that are not sealed yet, in the whole database; missing while the database does not answer',
      read: async () => (await backlog.read())?.events,
    },
    {
      name: 'erasures_waiting',
      help: 'Deleted users whose personal data is hidden but not all erased yet, in the whole database; missing while the database does not answer',
      read: async () => (await backlog.read())?.erasures,
    },
  ];
}
