import { type FileHandle, open } from 'node:fs/promises';
import type { AccountsContext } from '../../accounts/context.ts';
import type { HashOptions } from '../../accounts/passwords/parse-hash.ts';
import { type ImportCounts, importUsers } from '../../accounts/transfer/import.ts';
import { readConfig } from '../../config/index.ts';
import { DataError } from '../../db/data-error.ts';
import { newId } from '../../lib/id.ts';
import { withAccounts, withExistingAccounts } from '../accounts.ts';
import { print } from '../print.ts';
import { startProgressBar } from '../progress-bar.ts';
import { readFirebaseParameters } from './firebase-parameters.ts';
import { type Chunks, readLines } from './lines.ts';

/** Options on the command line. */
export interface ImportOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly firebaseScrypt?: string;
}

/**
 * Runs `latchkey import`. Sets `process.exitCode` when lines are invalid.
 *
 * @throws {UsageError} for incomplete parameters of Firebase
 * @throws {DataError} when the path is a folder; for a dry run, when there is no database
 */
export async function importFromCommandLine(name: string, options: ImportOptions): Promise<void> {
  const config = readConfig();
  const { firebaseScrypt } = options;
  const firebase = firebaseScrypt === undefined ? undefined : await readFirebaseParameters(firebaseScrypt);
  const file = name === '-' ? undefined : await open(name);
  try {
    if ((await file?.stat())?.isDirectory())
      throw new DataError(`${name} is a folder: give the name of a file`);
    const importFrom = async (context: AccountsContext) => {
      const source = file === undefined ? { chunks: process.stdin, bytes: undefined } : await openFile(file);
      await run(context, source, options, { firebase });
    };
    if (options.dryRun) await withExistingAccounts(config, importFrom, { isReading: true });
    else await withAccounts(config, importFrom);
  } finally {
    await file?.close();
  }
}

interface Source {
  readonly chunks: Chunks;
  /** Size, if it is known. */
  readonly bytes: number | undefined;
}

async function openFile(file: FileHandle): Promise<Source> {
  const { size } = await file.stat();
  // A pipe has no size.
  return { chunks: file.createReadStream({ autoClose: false }), bytes: size > 0 ? size : undefined };
}

async function run(
  context: AccountsContext,
  { chunks, bytes }: Source,
  { dryRun: isDryRun = false, json = false }: ImportOptions,
  hashes: HashOptions,
): Promise<void> {
  const importId = newId();
  const lines = readLines(chunks);
  const progress = startProgressBar(bytes);
  let counts: ImportCounts = { created: 0, skipped: 0, failed: 0 };
  const count = (now: ImportCounts) => {
    counts = { ...now };
    progress.update(lines.bytes, describe(counts, isDryRun));
  };
  const report = async (line: number, problems: readonly string[]) => {
    if (json) return print(`${JSON.stringify({ line, problems })}\n`);
    for (const problem of problems) progress.printLine(`line ${line}: ${problem}`);
  };
  let isComplete = false;
  let isRefused = false;
  try {
    count(
      await importUsers(context, lines, { isDryRun, importId, hashes, onProblem: report, onProgress: count }),
    );
    isComplete = true;
  } catch (error) {
    isRefused = error instanceof DataError;
    throw error;
  } finally {
    progress.stop();
    if (counts.failed > 0) process.exitCode = 1;
    if (!isRefused)
      await print(
        json
          ? `${JSON.stringify({ complete: isComplete, dryRun: isDryRun, ...counts, import: importId })}\n`
          : `${isComplete ? '' : 'Not complete: run the import again to resume. '}${describe(counts, isDryRun)}\n`,
      );
  }
}

function describe({ created, skipped, failed }: ImportCounts, isDryRun: boolean): string {
  return `${created} ${isDryRun ? 'would be ' : ''}created, ${skipped} skipped (they exist), ${failed} invalid`;
}
