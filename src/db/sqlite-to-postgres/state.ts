import type { Checksum, Value } from './canonical.ts';

/** The table of a Postgres that has the state of a move into it, as long as that is not done. */
export const UNFINISHED_MOVE = '_latchkey_move';

/** Where the move of one table has come to. */
export interface Saved extends Checksum {
  /** Rows that were copied. */
  readonly copied: number;
  /** Key of the last of them. */
  readonly last: readonly Value[] | null;
}

/** By the name of the table. */
export type Progress = ReadonlyMap<string, Saved>;

/** Whether a move that was begun is of this very data. */
export function isSame(progress: Progress, checksums: readonly Checksum[]): boolean {
  return (
    progress.size === checksums.length &&
    checksums.every(({ table, rows, checksum }) => {
      const saved = progress.get(table);
      return saved?.rows === rows && saved.checksum === checksum;
    })
  );
}
