import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What a run of the suite came to, in assertions. */
export interface Totals {
  readonly passed: number;
  /** A skipped or unfinished test counts as one that failed: it would go unnoticed otherwise. */
  readonly failed: number;
}

const result = /^( *)(not )?ok \d+ - (.*?)(?: # (SKIP|TODO|time=)(.*))?$/;

const isSkipped = /^ *(not )?ok .* # (SKIP|TODO)\b/;

/** Lines of TAP that say nothing to a person: plans, times, the frame and some members of diagnostics. */
const noise =
  /^ *(\d+\.\.\d+.*|# time=.*|TAP version 14|---|\.\.\.|(type|method|function)Name: .*|isToplevel: .*|)$/;

/**
 * Reads what `tap run --reporter=tap` writes and prints the little that a person wants to see of it: a line for each file,
 * and below it whatever failed, with its place in the TypeScript source.
 *
 * @returns undefined when the stream ends before tap has counted, as when tap itself breaks
 */
export async function report(tap: Readable, print: (line: string) => void): Promise<Totals | undefined> {
  let totals: Totals | undefined;
  let lines: string[] = [];
  let inDiagnostics = false;
  for await (const line of createInterface({ input: tap })) {
    const [, indent, not, name = '', directive, rest = ''] = result.exec(line) ?? [];
    if (inDiagnostics || line === '  ---') {
      inDiagnostics = line !== '  ...';
      if (/^ {2}(signal: SIG|expired: )/.test(line)) print(`     ${line.trim()}`);
    } else if (indent === '') {
      const note = directive === 'time=' ? rest : `${directive ?? ''}${rest}`;
      const isGood =
        not === undefined && directive === 'time=' && !lines.some((text) => isSkipped.test(text));
      print(`${isGood ? 'ok  ' : 'FAIL'} ${name.replace(/^build\/(.*)\.js$/, '$1.ts')} ${note}`.trimEnd());
      if (!isGood) for (const detail of failures(lines)) print(`     ${detail}`);
      lines = [];
    } else if (line.startsWith('# { total: ')) {
      totals = parseTotals(line);
    } else if (line.startsWith('    ')) {
      lines.push(line.slice(4));
    } else if (line.startsWith('Bail out!')) {
      print(line);
    }
  }
  return totals;
}

/** `# { total: 5, pass: 3, fail: 1, skip: 1 }`: tap leaves out what is zero. */
function parseTotals(line: string): Totals {
  const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0);
  return { passed: count('pass'), failed: count('fail') + count('skip') + count('todo') };
}

/** Leaves out what passed, and the summary of a subtest whose failures are shown. */
function failures(lines: readonly string[]): string[] {
  const kept: string[] = [];
  const subtests = new Map<string, string>();
  let skipTo: string | undefined;
  for (const [index, line] of lines.entries()) {
    const [, indent = '', not, name] = result.exec(line) ?? [];
    const [, headerIndent = '', header] = /^( *)# Subtest: (.*)$/.exec(line) ?? [];
    if (skipTo !== undefined) {
      if (line.startsWith(skipTo)) skipTo = undefined;
    } else if (header !== undefined) {
      subtests.set(headerIndent, header);
      kept.push(line);
    } else if (name === undefined || isSkipped.test(line)) {
      if (line.endsWith('  generated:')) skipTo = line.replace('generated:', '  columnNumber');
      else if (!noise.test(line)) kept.push(line);
    } else if (subtests.get(indent) !== name) {
      if (not) kept.push(line);
    } else {
      subtests.delete(indent);
      if (not && lines[index + 1] === `${indent}  ---`) skipTo = `${indent}  ...`;
      if (!not && kept.at(-1) === `${indent}# Subtest: ${name}`) kept.pop();
    }
  }
  return kept;
}
