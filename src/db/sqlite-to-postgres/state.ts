import type { Checksum, Value } from './canonical.ts';

/** Table in the target with the state of an unfinished move. */
export const UNFINISHED_MOVE = '_latchkey_move';

/** Progress of the move of one table. */
export interface TableProgress extends Checksum {
  /** Rows copied so far. */
  readonly copied: number;
  /** Key of the last row copied. */
  readonly last: readonly Value[] | null;
}

/** Progress by the name of the table. */
export type Progress = ReadonlyMap<string, TableProgress>;

/** Tells whether an unfinished move has the same data. */
export function isSame(progress: Progress, checksums: readonly Checksum[]): boolean {
  return (
    progress.size === checksums.length &&
    checksums.every(({ table, rows, checksum }) => {
      const saved = progress.get(table);
      return saved?.rows === rows && saved.checksum === checksum;
    })
  );
}
