import pg from 'pg';
import { DataError } from '../data-error.ts';
import { type Checksum, Digest, type Value } from './canonical.ts';
import { connectForMove } from './connection.ts';
import type { Batch } from './source.ts';
import { type Progress, type TableProgress, UNFINISHED_MOVE } from './state.ts';
import type { Column, Table } from './tables.ts';

/** Rows in memory at the same time. */
const BATCH_ROWS = 2_000;

/** Only table in which migrations insert a row. */
const TABLE_FILLED_BY_MIGRATIONS = 'AdminLock';

const quoted = pg.escapeIdentifier;

/**
 * Postgres database that the data is moved to. One move at a time; its progress is written with each batch.
 */
export class Target {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** @throws {DataError} when the database cannot be reached, or another move into it is under way */
  static async open(url: string): Promise<Target> {
    return new Target(await connectForMove(url));
  }

  /** Reads the progress of a move into this database; undefined when there is none. */
  async readProgress(): Promise<Progress | undefined> {
    const { rows } = await this.#client.query<{ found: string | null }>(
      'SELECT to_regclass($1)::text AS found',
      [UNFINISHED_MOVE],
    );
    if (rows[0]?.found == null) return undefined;
    const saved = await this.#client.query<TableProgress>(
      `SELECT "table", "rows", checksum, copied, last FROM ${UNFINISHED_MOVE}`,
    );
    return new Map(saved.rows.map((row) => [row.table, row]));
  }

  async readMigrations(): Promise<readonly string[]> {
    const { rows } = await this.#client.query<{ name: string }>(
      'SELECT migration_name AS name FROM _prisma_migrations WHERE rolled_back_at IS NULL',
    );
    return rows.map(({ name }) => name);
  }

  /** @throws {DataError} when a table or a column is missing, or has another type */
  async requireTables(tables: readonly Table[]): Promise<void> {
    const { rows } = await this.#client.query<{ place: string; type: string }>(
      `SELECT table_name || '.' || column_name AS place, udt_name AS type
       FROM information_schema.columns WHERE table_schema = current_schema()`,
    );
    const types = new Map(rows.map(({ place, type }) => [place, type]));
    for (const { name, columns } of tables)
      for (const column of columns)
        if (types.get(`${name}.${column.name}`) !== column.postgres)
          throw new DataError(
            `the target has no column ${name}.${column.name} of type ${column.postgres}: only tables of Latchkey are moved`,
          );
  }

  /** @throws {DataError} when there are rows other than those that migrations insert */
  async requireEmpty(tables: readonly Table[]): Promise<void> {
    for (const { name } of tables) {
      if (name === TABLE_FILLED_BY_MIGRATIONS) continue;
      const { rowCount } = await this.#client.query(`SELECT 1 FROM ${quoted(name)} LIMIT 1`);
      if (rowCount !== 0) throw new DataError(`the target holds data (${name}): name an empty database`);
    }
  }

  /** Begins a move. Until {@link finish}, no service starts on this database. */
  async begin(checksums: readonly Checksum[]): Promise<void> {
    await this.#atomically(async () => {
      await this.#client.query(`DELETE FROM ${quoted(TABLE_FILLED_BY_MIGRATIONS)}`);
      await this.#client.query(
        `CREATE TABLE ${UNFINISHED_MOVE} ("table" text PRIMARY KEY, "rows" int4 NOT NULL, checksum text NOT NULL, copied int4 NOT NULL, last json)`,
      );
      for (const { table, rows, checksum } of checksums)
        await this.#client.query(`INSERT INTO ${UNFINISHED_MOVE} VALUES ($1, $2, $3, 0, NULL)`, [
          table,
          rows,
          checksum,
        ]);
    });
  }

  /** Discards an unfinished move, and the rows that it has copied. */
  async abandon(tables: readonly Table[]): Promise<void> {
    await this.#atomically(async () => {
      await this.#client.query(`TRUNCATE ${tables.map(({ name }) => quoted(name)).join()}`);
      await this.#client.query(`DROP TABLE ${UNFINISHED_MOVE}`);
    });
  }

  async write({ name, columns }: Table, { rows, last }: Batch): Promise<void> {
    const list = columns.map((column) => quoted(column.name)).join();
    const objects = rows.map((row) =>
      Object.fromEntries(columns.map((column, i) => [column.name, forPostgres(column, row[i] ?? null)])),
    );
    await this.#atomically(async () => {
      await this.#client.query(
        `INSERT INTO ${quoted(name)} (${list}) SELECT ${list} FROM json_populate_recordset(NULL::${quoted(name)}, $1)`,
        [JSON.stringify(objects)],
      );
      await this.#client.query(
        `UPDATE ${UNFINISHED_MOVE} SET copied = copied + $2, last = $3 WHERE "table" = $1`,
        [name, rows.length, JSON.stringify(last)],
      );
    });
  }

  async checksum(table: Table, onRows: (count: number) => void): Promise<Checksum> {
    const digest = new Digest(table);
    const list = table.columns.map(({ name, kind }) =>
      // The column has no time zone and means UTC: the driver would read it as local time of this machine.
      kind === 'time' ? `(extract(epoch FROM ${quoted(name)}) * 1000)::float8` : quoted(name),
    );
    await this.#atomically(async () => {
      await this.#client.query(
        `DECLARE everything NO SCROLL CURSOR FOR SELECT ${list} FROM ${quoted(table.name)}`,
      );
      for (;;) {
        const query = { text: `FETCH ${BATCH_ROWS} FROM everything`, rowMode: 'array' as const };
        const { rows } = await this.#client.query<Value[]>(query);
        for (const row of rows) digest.add(row);
        onRows(rows.length);
        if (rows.length < BATCH_ROWS) return;
      }
    });
    return digest.result();
  }

  /** Ends the move. The last commit waits for the disk. */
  async finish(): Promise<void> {
    await this.#client.query('ANALYZE');
    await this.#client.query('SET synchronous_commit = on');
    await this.#atomically(async () => {
      await this.#client.query(`DROP TABLE ${UNFINISHED_MOVE}`);
      // The next start writes another one: the cursors of the source are not valid here.
      await this.#client.query('DELETE FROM "DatabaseIdentity"');
    });
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  async #atomically(work: () => Promise<void>): Promise<void> {
    await this.#client.query('BEGIN');
    try {
      await work();
      await this.#client.query('COMMIT');
    } catch (error) {
      await this.#client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }
}

/** Converts a value for json_populate_recordset: times have no zone and are in UTC. */
function forPostgres({ kind }: Column, value: Value): Value {
  return kind === 'time' && typeof value === 'number' ? new Date(value).toISOString().slice(0, -1) : value;
}
