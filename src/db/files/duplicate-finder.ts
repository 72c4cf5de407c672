import { openSqlite } from '../sqlite/driver.ts';

/** KiB that it keeps in memory. */
const CACHE = 16_384;

/**
 * Remembers on which line of a file something came first, for files of any length: in a database of its own without a name, which
 * SQLite keeps in memory as far as it is small, else in a temporary file.
 */
export class DuplicateFinder {
  readonly #database = openSqlite('');
  readonly #insert;
  readonly #find;

  constructor() {
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      PRAGMA cache_size = -${CACHE};
      CREATE TABLE "seen" ("text" TEXT PRIMARY KEY, "line" INTEGER) WITHOUT ROWID;
      BEGIN`);
    this.#insert = this.#database.prepare<[string, number]>('INSERT OR IGNORE INTO "seen" VALUES (?, ?)');
    this.#find = this.#database.prepare<[string], { line: number }>(
      'SELECT "line" FROM "seen" WHERE "text" = ?',
    );
  }

  /** @returns the line on which it came before; undefined when this is the first */
  note(text: string, line: number): number | undefined {
    const { changes } = this.#insert.run(text, line);
    return changes === 1 ? undefined : this.#find.get(text)?.line;
  }

  close(): void {
    this.#database.close();
  }
}
