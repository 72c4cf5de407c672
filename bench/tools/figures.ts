/** Figures of a benchmark, and their targets. */

/** Target of a figure. */
export interface Target {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** Median of several measurements, and their spread. */
export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** `x` is a ratio of two alternating measurements. */
  readonly unit: 'x' | 'ms' | 'MB' | 'bytes' | 'fields' | '/s';
  readonly target?: Target;
}

/** Part of the benchmark: `npm run bench -- <name>`. */
export interface Part {
  readonly name: string;
  readonly title: string;
  measure(effort: Effort): Promise<Figure[]>;
}

/** Duration of a part, and the output of its progress. */
export interface Effort {
  /** Rounds in which all contenders are measured. */
  readonly rounds: number;
  /** Seconds per contender and round. */
  readonly seconds: number;
  /** True when only installed packages take part. */
  readonly isShort: boolean;
  say(text: string): void;
}

/** @throws {RangeError} when there are no measurements */
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

/** Computes one ratio per round: other work on the machine affects both sides of it. */
export function toRatio(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  target?: Target,
): Figure {
  const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  return toFigure(name, ratios, 'x', target);
}

/** Tells whether a figure reaches its target; undefined without a target. */
export function isReached({ median, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return median >= (target.atLeast ?? -Infinity) && median <= (target.atMost ?? Infinity);
}
