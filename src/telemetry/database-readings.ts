import type { FastifyInstance } from 'fastify';
import { readLastBackup } from '../db/backup/last-backup.ts';
import type { ConnectionPool } from '../db/client.ts';
import { sqlitePath } from '../db/sqlite/database-file.ts';
import type { Reading } from './reading.ts';

/** Lists the readings of both kinds of database: its connections or its disk, and its last backup. */
export function databaseReadingsOf(app: FastifyInstance): readonly Reading[] {
  return [...poolOf(app.database.pool), ...fileOf(app), diskFullOf(app)];
}

function poolOf(pool: ConnectionPool | undefined): readonly Reading[] {
  return [
    {
      name: 'database_connections',
      help: 'Connections to Postgres, used and idle',
      label: 'state',
      only: 'postgresql',
      read: () => pool && { used: pool.totalCount - pool.idleCount, idle: pool.idleCount },
    },
    {
      name: 'database_connections_limit',
      help: 'Connections to Postgres for requests and jobs; the process has one more for the revocations',
      only: 'postgresql',
      read: () => pool?.limit,
    },
    {
      name: 'database_waiting',
      help: 'Queries and transactions that wait for a connection',
      only: 'postgresql',
      read: () => pool?.waitingCount,
    },
  ];
}

/** Readings of a database that is a file of this machine. */
function fileOf({ config, database: { disk } }: FastifyInstance): readonly Reading[] {
  return [
    {
      name: 'database_disk_free_bytes',
      help: 'Room on the disk of the SQLite database',
      only: 'sqlite',
      read: () => disk.freeBytes(),
    },
    {
      name: 'backup_last_success_timestamp_seconds',
      help: 'Time of the last successful backup of the SQLite database, in seconds since 1970; 0 when there was none',
      only: 'sqlite',
      read: () => lastBackupSeconds(sqlitePath(config.databaseUrl)),
    },
  ];
}

async function lastBackupSeconds(path: string): Promise<number | undefined> {
  try {
    return ((await readLastBackup(path))?.getTime() ?? 0) / 1_000;
  } catch {
    return undefined;
  }
}

function diskFullOf({ database: { disk } }: FastifyInstance): Reading {
  return {
    name: 'database_disk_full',
    help: '1 while the disk of the database is full: writes are refused, and the process is not ready',
    read: () => Number(disk.isFull),
  };
}
