import { DataError } from '../data-error.ts';
import { isDiskFull } from '../errors.ts';
import { openSqlite } from '../sqlite/driver.ts';

/** Size of the cache in memory. */
const CACHE_KIB = 16_384;

/**
 * Finds duplicates in files of any length, with the line of the first occurrence. It stores the texts in an
 * unnamed database, which SQLite keeps in memory as long as it is small, and else in a temporary file.
 */
export class DuplicateFinder {
  readonly #database = openSqlite('');
  readonly #insert;
  readonly #find;

  constructor() {
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      PRAGMA cache_size = -${CACHE_KIB};
      CREATE TABLE "seen" ("text" TEXT PRIMARY KEY, "line" INTEGER) WITHOUT ROWID;
      BEGIN`);
    this.#insert = this.#database.prepare<[string, number]>('INSERT OR IGNORE INTO "seen" VALUES (?, ?)');
    this.#find = this.#database.prepare<[string], { line: number }>(
      'SELECT "line" FROM "seen" WHERE "text" = ?',
    );
  }

  /** @returns the line of the first occurrence; undefined when this is the first one */
  add(text: string, line: number): number | undefined {
    const { changes } = this.#store(text, line);
    return changes === 1 ? undefined : this.#find.get(text)?.line;
  }

  #store(text: string, line: number) {
    try {
      return this.#insert.run(text, line);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      throw new DataError(
        'there is no room for a temporary file: make room, or set TMPDIR to another folder',
        {
          cause: error,
        },
      );
    }
  }

  close(): void {
    this.#database.close();
  }
}
