import { hash } from 'node:crypto';
import type { SqlQuery } from '@prisma/driver-adapter-utils';
import { isRaw } from '../raw/raw.ts';
import type { BoundedPool } from './bounded-pool.ts';

/** Statements that a connection keeps prepared: more than the service has. */
const MAX_NAMES = 100;

/**
 * Characters of the longest statement that gets a name. Longer ones write many rows, and hardly ever as many
 * again.
 */
const MAX_NAMED_CHARACTERS = 10_000;

/**
 * Names raw statements, so that each connection prepares and plans them once: one plan is right for all
 * values of each (accounts/users/list.ts sees to that in its own). The statements of Prisma's client have no
 * names: they are planned for their values.
 */
export function statementNames(pool: Pick<BoundedPool, 'isBehindPooler'>): (query: SqlQuery) => string {
  const names = new Map<string, string>();
  return (query) => {
    if (!isRaw(query) || pool.isBehindPooler || query.sql.length > MAX_NAMED_CHARACTERS) return '';
    const known = names.get(query.sql);
    if (known !== undefined || names.size >= MAX_NAMES) return known ?? '';
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
