/** Reads the output of run-files.ts: TAP, and other lines between. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { Parser, type Result } from 'tap-parser';

/** The results of one test file. */
export interface FileReport {
  /** Assertions, as tap counts them. */
  passed: number;
  /** A skipped or unfinished test counts as failed: otherwise it would go unnoticed. */
  failed: number;
  /** Each failure with its place in the source, and the lines printed between them. */
  readonly failures: string[];
  /** The comments of the tests, for instance figures. */
  readonly comments: string[];
  /** The log of the services in the process of the test. */
  readonly log: string[];
  /** Lines about secrets that were printed. */
  readonly leaks: string[];
  /** Milliseconds until its last test ended; undefined when it has not ended. */
  time?: number;
  /** Seconds that it and its processes have had a processor; undefined where that is not known. */
  processorSeconds?: number;
}

/** The beginning of pino's lines. */
const LOG_LINE = '{"level":';

/** At the start of a line: the lines below it are indented. */
const FILE_BEGINS = '# Subtest: ';

/** At the start of a line, behind a file: the seconds that it has had a processor. */
export const PROCESSOR_TIME = 'processor seconds: ';

/** Lines of tap itself, not of a test. */
const OWN_COMMENT = /^(Subtest|time=|\{ total: )/;

/** The mark of tap for a test that `-t` leaves out. */
const LEFT_OUT = 'filter: ';

/** Members of a failure that say how it was detected and not what it is. */
const noise = new Set(['at', 'typeName', 'tapCaught', 'generated']);

/**
 * Reads to the end of the output.
 *
 * @param onFile called when a file begins
 * @returns the reports of the files that have begun, by path, in the order of their beginning
 */
export async function readTap(output: Readable, onFile: () => void): Promise<Map<string, FileReport>> {
  const reports = new Map<string, FileReport>();
  let current = emptyReport();
  const reportOf = (fullname: string) => reports.get(fullname.split(' > ', 1)[0] ?? '');
  const parser = new Parser();
  const listen = (parser: Parser) => {
    parser.on('comment', (line: string) => {
      const comment = line.replace(/^ *# */, '').trimEnd();
      if (!OWN_COMMENT.test(comment)) reportOf(parser.fullname)?.comments.push(comment);
    });
    parser.on('child', listen);
  };
  listen(parser);
  // Lines of the root only: the ends of files.
  parser.on('assert', ({ name, time }: Result) => {
    const report = reports.get(name);
    if (report !== undefined) report.time = time ?? 0;
  });
  parser.on('result', (result: Result) => {
    const report = reportOf(result.fullname);
    const isLeftOut = typeof result.skip === 'string' && result.skip.startsWith(LEFT_OUT);
    if (report === undefined || isLeftOut) return;
    if (!result.ok || result.skip || result.todo) {
      report.failed += 1;
      report.failures.push(describe(result));
    }
    // A file without a test has not passed.
    else if (!reports.has(result.fullname)) report.passed += 1;
  });
  parser.on('extra', (text: string) => void current.failures.push(text.trimEnd()));
  for await (const line of createInterface({ input: output })) {
    if (line.startsWith(LOG_LINE)) {
      current.log.push(line);
      continue;
    }
    // The parser reports it only at the next line.
    if (line.startsWith(FILE_BEGINS)) {
      current = emptyReport();
      reports.set(line.slice(FILE_BEGINS.length), current);
      onFile();
    } else if (line.startsWith(`# ${PROCESSOR_TIME}`))
      current.processorSeconds = Number(line.slice(`# ${PROCESSOR_TIME}`.length));
    parser.write(`${line}\n`);
  }
  parser.end();
  return reports;
}

export function emptyReport(): FileReport {
  return { passed: 0, failed: 0, failures: [], comments: [], log: [], leaks: [] };
}

function describe({ fullname, ok, skip, todo, diag }: Result): string {
  const outcome = skip ? 'skipped' : todo ? 'unfinished' : ok ? 'passed' : 'not ok';
  const { at } = diag ?? {};
  const place = at === undefined ? '' : ` (${at.fileName}:${at.lineNumber}:${at.columnNumber})`;
  const details = Object.entries<unknown>(diag ?? {})
    .filter(([name]) => !noise.has(name))
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? indent(value) : inspect(value)}`);
  return [`${outcome}: ${fullname}${place}`, ...details.map((detail) => `  ${detail}`)].join('\n');
}

/** Writes a text below its name when it has several lines. */
function indent(text: string): string {
  const lines = text.trimEnd().split('\n');
  return lines.length === 1 ? text.trimEnd() : lines.map((line) => `\n    ${line}`).join('');
}
