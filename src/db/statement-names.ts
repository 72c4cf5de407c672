import { hash } from 'node:crypto';
import type { SqlQuery } from '@prisma/driver-adapter-utils';
import type { BoundedPool } from './bounded-pool.ts';
import { isDirect } from './direct.ts';

/** Statements that a connection keeps prepared: twice as many as the service has. */
const KEPT = 100;

/**
 * Names statements that are asked all the time, so that each connection prepares and plans them once: they find rows by their keys,
 * for which one plan is always right. What goes through Prisma's client has no name, for lists are planned for their very values.
 */
export function statementNames(pool: Pick<BoundedPool, 'isBehindPooler'>): (query: SqlQuery) => string {
  const names = new Map<string, string>();
  return (query) => {
    if (!isDirect(query) || pool.isBehindPooler) return '';
    const known = names.get(query.sql);
    if (known !== undefined || names.size >= KEPT) return known ?? '';
    const name = statementName(query.sql);
    names.set(query.sql, name);
    return name;
  };
}

/**
 * A statement's name, which can only ever be its own: where connections are handed from one process to another after all, a name meets its
 * statement or an error. Postgres cuts names off after 63 bytes.
 */
export function statementName(text: string): string {
  return `latchkey_${hash('sha256', text, 'base64url')}`;
}
