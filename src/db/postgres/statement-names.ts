import { hash } from 'node:crypto';
import type { SqlQuery } from '@prisma/driver-adapter-utils';
import { isRaw } from '../raw/raw.ts';
import type { BoundedPool } from './bounded-pool.ts';

/** Maximum of prepared statements per connection: more than the service has. */
const MAX_NAMES = 100;

/**
 * Length of the longest statement that gets a name. Longer ones write many rows, and rarely the same number
 * again.
 */
const MAX_NAMED_CHARACTERS = 10_000;

/**
 * Names raw statements, so that each connection prepares and plans them once: one plan fits all values of a
 * statement (accounts/users/list.ts takes care of that for its own). The statements of Prisma's client have
 * no names: they are planned for their values.
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
 * Name of a statement, unique to its text. When processes share connections after all, a name leads to its
 * own statement or to an error. Postgres truncates names after 63 bytes.
 */
export function statementName(text: string): string {
  return `latchkey_${hash('sha256', text, 'base64url')}`;
}
