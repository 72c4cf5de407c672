import pg from 'pg';
import { isLoopback } from '../../lib/loopback.ts';
import { databaseKind } from '../client.ts';
import { connectionOptions, parsePostgresUrl } from './adapter.ts';

/** Protection of a connection to Postgres from other machines of the network. */
export interface Encryption {
  readonly host: string;
  /** `local`: it does not leave this machine. `chosen-plain`: the URL has `sslmode=disable`. */
  readonly state: 'local' | 'encrypted' | 'plain' | 'chosen-plain';
}

/** Advice about a connection that is not encrypted, without the name of its host. */
export const ENCRYPTION_ADVICE =
  'add sslmode=verify-full to DATABASE_URL, or sslmode=disable if this network is trusted (docs/operations/postgres-tls.md)';

/**
 * Tells whether the connection of a URL is encrypted. Asks the driver, which also reads `PGHOST` and
 * `PGSSLMODE`, but does not connect.
 *
 * @returns undefined for SQLite
 * @throws {Error} as `parsePostgresUrl`
 */
export function encryptionOf(url: string): Encryption | undefined {
  if (databaseKind(url) === 'sqlite') return undefined;
  const { host, ssl } = new pg.Client(connectionOptions(parsePostgresUrl(url)));
  // An object or `true`: the server has to speak TLS. A path is a Unix domain socket.
  if (ssl) return { host, state: 'encrypted' };
  if (host.startsWith('/') || isLoopback(host)) return { host, state: 'local' };
  const isChosen = new URL(url).searchParams.get('sslmode') === 'disable';
  return { host, state: isChosen ? 'chosen-plain' : 'plain' };
}

/**
 * Describes a connection that leaves this machine without encryption, although the URL does not ask for that.
 *
 * @returns undefined when there is nothing to do
 * @throws {Error} as `parsePostgresUrl`
 */
export function plainConnectionAdvice(url: string): string | undefined {
  const encryption = encryptionOf(url);
  if (encryption?.state !== 'plain') return undefined;
  return `The connection to the database on ${encryption.host} is not encrypted: ${ENCRYPTION_ADVICE}`;
}
