/** Output of a benchmark: a table, and files. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { drawChart } from './chart.ts';
import { type Figure, isReached, type Part, type Target } from './figures.ts';
import { generator } from './load.ts';

const folder = 'bench/results';

export interface Result {
  readonly part: Pick<Part, 'name' | 'title'>;
  readonly figures: readonly Figure[];
}

/** Formats a line for each figure. */
export function describe(results: readonly Result[]): string {
  return results.map(({ part, figures }) => `\n${part.title}\n${figures.map(line).join('\n')}`).join('\n');
}

function line(figure: Figure): string {
  const { name, unit, target } = figure;
  const [median, low, high] = [figure.median, figure.low, figure.high].map((value) => show(value, unit));
  const reached = isReached(figure);
  const mark = reached === undefined ? ' ' : reached ? '✓' : '✗';
  const wanted = target === undefined ? '' : `  ${describeTarget(target, unit)}`;
  return `${mark} ${name.padEnd(44)} ${`${median}`.padStart(10)}  (${low} to ${high})${wanted}`;
}

function describeTarget({ atLeast, atMost }: Target, unit: Figure['unit']): string {
  if (atLeast !== undefined && atMost !== undefined) return `${show(atLeast, unit)} to ${show(atMost, unit)}`;
  return atLeast === undefined ? `at most ${show(atMost ?? 0, unit)}` : `at least ${show(atLeast, unit)}`;
}

function show(value: number, unit: Figure['unit']): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}

/** Writes `latest.json`, which keeps the parts that were not measured now, and the chart of the guard. */
export function save(results: readonly Result[]): void {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/latest.json`;
  const machine = {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    load: generator,
  };
  const measuredAt = new Date().toISOString();
  const measured = results.map(({ part: { name, title }, figures }) => ({
    name,
    title,
    measuredAt,
    machine,
    figures,
  }));
  const others = readParts(file).filter(({ name }) => !measured.some((part) => part.name === name));
  writeFileSync(file, `${JSON.stringify({ parts: [...measured, ...others] }, rounded, 2)}\n`);
  const guard = results.find(({ part }) => part.name === 'guard');
  if (guard !== undefined) writeFileSync(`${folder}/guard.svg`, drawChart(guard.figures));
}

function readParts(file: string): readonly { readonly name: string }[] {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).parts : [];
}

function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
