/** What a test file came to. */
export interface Report {
  /** Assertions, as tap counts them. */
  readonly passed: number;
  /** A skipped or unfinished test counts as one that failed: it would go unnoticed otherwise. */
  readonly failed: number;
  /** What failed, with its place in the TypeScript source; the rest of what tap wrote is left out. */
  readonly failures: readonly string[];
  /** What the tests say of themselves: figures, for instance. */
  readonly comments: readonly string[];
  /** What the services logged that ran in the test's own process. */
  readonly log: string;
}

const result = /^( *)(not )?ok \d+ - (.*?)(?: # (?:SKIP|TODO|time=).*)?$/;
const isSkipped = /^ *(not )?ok \d+ .* # (SKIP|TODO)\b/;

const comment = /^ *# (?!Subtest: |time=|\{ total: )(.*)$/;

/** How pino's lines begin. */
const LOG_LINE = '{"level":';

/** Lines that say nothing to a person: plans, counts, times, the frame and some members of diagnostics. */
const noise =
  /^ *(\d+\.\.\d+.*|# (\{|time=).*|TAP version 14|---|\.\.\.|(type|method|function)Name: .*|isToplevel: .*|)$/;

/** Reads what a test file has written: TAP 14, and whatever was printed in between. */
export function readTap(output: string): Report {
  const all = output.split('\n');
  const lines = all.filter((line) => !line.startsWith(LOG_LINE));
  const log = all.filter((line) => line.startsWith(LOG_LINE)).join('\n');
  const counts = lines.findLast((line) => line.startsWith('# { total: ')) ?? '';
  // `# { total: 5, pass: 3, fail: 1, skip: 1 }`: what is zero is left out.
  const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(counts)?.[1] ?? 0);
  const failed = count('fail') + count('skip') + count('todo');
  const comments = lines.flatMap((line) => comment.exec(line)?.[1] ?? []);
  return { passed: count('pass'), failed, failures: findFailures(lines), comments, log };
}

/** Leaves out what passed, and the summary of a subtest whose failures are shown. */
function findFailures(lines: readonly string[]): string[] {
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
