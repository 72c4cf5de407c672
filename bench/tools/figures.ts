/** What a benchmark has found, and whether that is enough. */

/** What must be reached. */
export interface Target {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** The median of several measurements, and how far they are spread. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** `x` is a ratio of two things that were measured in turns. */
  readonly unit: 'x' | 'ms' | 'MB' | 'bytes' | 'fields' | '/s';
  readonly target?: Target;
}

/** A part of the benchmark: `npm run bench -- <name>`. */
export interface Part {
  readonly name: string;
  readonly title: string;
  measure(effort: Effort): Promise<Figure[]>;
}

/** How long a part may take, and where it says how far it is. */
export interface Effort {
  /** Rounds in which all contenders take their turn. */
  readonly rounds: number;
  /** Seconds of a contender's turn. */
  readonly seconds: number;
  /** Whether only what is installed already takes part. */
  readonly isShort: boolean;
  say(text: string): void;
}

/** @throws {RangeError} when there is nothing to take the median of */
export function toFigure(
  name: string,
  measured: readonly number[],
  unit: Figure['unit'],
  target?: Target,
): Figure {
  const sorted = [...measured].sort((a, b) => a - b);
  const [low, median, high] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  if (low === undefined || median === undefined || high === undefined)
    throw new RangeError(`${name} was not measured`);
  return { name, median, low, high, unit, ...(target && { target }) };
}

/** One ratio a round, for what else the machine does then hits both alike. */
export function toRatio(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  target?: Target,
): Figure {
  const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  return toFigure(name, ratios, 'x', target);
}

/** Undefined where there is no target. */
export function isReached({ median, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return median >= (target.atLeast ?? -Infinity) && median <= (target.atMost ?? Infinity);
}
