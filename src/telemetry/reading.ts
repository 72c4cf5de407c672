import type { DatabaseKind } from '../db/client.ts';

/** A value of the process that can be read at any time. */
export interface Reading {
  /** Name without the prefix that all metrics have. */
  readonly name: string;
  readonly help: string;
  /** True when it only rises during the life of the process. */
  readonly isCounter?: true;
  /** Name of the label, when it has several values. */
  readonly label?: string;
  /** Kind of database that has it, when not both have it. */
  readonly only?: DatabaseKind;
  /** Reads one number, or one for each value of the label; undefined when it is unknown. */
  read(): Values | Promise<Values>;
}
type Values = number | Readonly<Record<string, number>> | undefined;
