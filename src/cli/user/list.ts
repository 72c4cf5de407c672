import { AccessLevels } from '../../access/levels.ts';
import type { AccountsContext } from '../../accounts/context.ts';
import { listUsers } from '../../accounts/users/list.ts';
import type { User, UserSort } from '../../accounts/users/schemas.ts';
import { readConfig } from '../../config/index.ts';
import { withExistingAccounts } from '../accounts.ts';
import { parseLevel } from '../check-input.ts';
import { print } from '../print.ts';
import { UsageError } from '../usage-error.ts';

/** Options on the command line. */
export interface UserListOptions {
  readonly search?: string;
  readonly access?: string;
  readonly disabled?: boolean;
  readonly enabled?: boolean;
  readonly sort?: UserSort;
  readonly limit?: string;
  readonly json?: boolean;
}

/** Users that are read at a time. */
const PAGE_SIZE = 200;

/**
 * Runs `latchkey user list`.
 *
 * @throws {UsageError} when an option breaks a rule
 */
export async function listFromCommandLine(options: UserListOptions): Promise<void> {
  const config = readConfig();
  const filter = toFilter(options, new AccessLevels(config.accessLevels));
  const limit = parseLimit(options.limit);
  const table = new Table();
  const printPages = async (context: AccountsContext) => {
    let cursor: string | null | undefined;
    for (let left = limit; left > 0 && cursor !== null; left -= PAGE_SIZE) {
      const position = cursor === undefined ? {} : { cursor };
      const page = await listUsers(context, { ...filter, ...position, limit: Math.min(left, PAGE_SIZE) });
      const lines = options.json ? page.users.map((user) => JSON.stringify(user)) : table.format(page.users);
      if (lines.length > 0) await print(`${lines.join('\n')}\n`);
      cursor = page.nextCursor;
    }
  };
  await withExistingAccounts(config, printPages, { isReading: true });
}

function toFilter({ search, access, disabled, enabled, sort }: UserListOptions, levels: AccessLevels) {
  if (search !== undefined && sort?.endsWith('createdAt'))
    throw new UsageError(
      '--search searches names, or addresses with --sort email; it cannot be used with --sort createdAt',
    );
  return {
    ...(search !== undefined && { q: search }),
    ...(access !== undefined && { access: parseLevel(access, levels) }),
    ...(disabled && { disabled: true }),
    ...(enabled && { disabled: false }),
    ...(sort !== undefined && { sort }),
  };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError('--limit must be a whole number of at least 1');
  return Number(text);
}

/** A table that is printed page by page. A column is as wide as its widest cell so far. */
class Table {
  #widths: number[] = [];

  format(users: readonly User[]): string[] {
    const isFirst = this.#widths.length === 0;
    const rows = users.map((user) => [
      user.id,
      user.accessUntil === null ? user.accessName : `${user.accessName} until ${user.accessUntil}`,
      user.disabled ? 'disabled' : 'enabled',
      user.secondFactor ? '2' : '1',
      user.createdAt,
      user.email ?? '',
      user.name,
    ]);
    if (isFirst && rows.length > 0)
      rows.unshift(['ID', 'ACCESS', 'STATE', 'FACTORS', 'CREATED', 'EMAIL', 'NAME']);
    for (const row of rows)
      this.#widths = row.map((cell, column) => Math.max(cell.length, this.#widths[column] ?? 0));
    return rows.map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(this.#widths[column] ?? 0)))
        .join('  '),
    );
  }
}
