import type { AccessLevel } from './access-levels.ts';
import { exampleOf } from './check-environment.ts';
import { ConfigError, type Environment } from './environment.ts';

/** The levels that ask for a second factor. */
export interface FactorLimit {
  /** The lowest level that asks for a second factor. */
  readonly from: number;
  /** The level that a session with one factor has instead: the highest one below. */
  readonly below: number;
}

/** The rules of SECOND_FACTOR_FROM and SECOND_FACTOR_MAX_AGE. */
export interface SecondFactorRules {
  /** Undefined: no level asks for a second factor. */
  readonly limit: FactorLimit | undefined;
  /** Seconds that a second factor counts. */
  readonly maxAge: number;
}

/**
 * Finds the level of SECOND_FACTOR_FROM, and the level below it.
 *
 * @param levels ascending by number
 * @throws {ConfigError} when it names no level, or `guest`, which has none below
 */
export function parseSecondFactor(
  { SECOND_FACTOR_FROM: name, SECOND_FACTOR_MAX_AGE: maxAge }: Environment,
  levels: readonly AccessLevel[],
): SecondFactorRules {
  if (name === undefined) return Object.freeze({ limit: undefined, maxAge });
  const at = levels.findIndex((level) => level.name === name);
  const level = levels[at];
  const below = levels[at - 1];
  if (level === undefined || below === undefined) {
    const names = levels.slice(1).map((one) => one.name);
    throw new ConfigError(
      `SECOND_FACTOR_FROM must be one of ${names.join(', ')} ${exampleOf('SECOND_FACTOR_FROM')}`,
    );
  }
  return Object.freeze({ limit: Object.freeze({ from: level.number, below: below.number }), maxAge });
}
