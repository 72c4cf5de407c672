import type { Prisma } from './generated/sqlite/client.ts';

/** What a column holds. */
export type Cell = string | number | boolean | Date | null;

/** What holds a place in a statement: a value, or a piece of a statement. */
export type Filling = Cell | Prisma.Sql;

/** What runs statements that are written by hand: Prisma's client and its transactions, and what goes past it (direct.ts). */
export interface Statements {
  /** Runs what answers with rows of a type. */
  $queryRaw<Row>(text: TemplateStringsArray, ...fillings: readonly Filling[]): Promise<Row[]>;
  /** Runs what changes rows. @returns how many */
  $executeRaw(text: TemplateStringsArray, ...fillings: readonly Filling[]): Promise<number>;
}
