/** Imports users without a separate process. */
import type { AccountsContext } from '#latchkey/accounts/context.ts';
import type { HashOptions } from '#latchkey/accounts/passwords/parse-hash.ts';
import { type ImportCounts, importUsers } from '#latchkey/accounts/transfer/import.ts';

export interface Imported extends ImportCounts {
  readonly problems: readonly { line: number; problems: readonly string[] }[];
}

/** @param lines texts as in the file, or objects that become JSON */
export async function importLines(
  context: AccountsContext,
  lines: readonly (string | object)[],
  isDryRun = false,
  hashes: HashOptions = {},
): Promise<Imported> {
  const problems: Imported['problems'][number][] = [];
  async function* read() {
    for (const [index, line] of lines.entries())
      yield { number: index + 1, text: typeof line === 'string' ? line : JSON.stringify(line) };
  }
  const counts = await importUsers(context, read(), {
    isDryRun,
    hashes,
    onProblem: async (line, found) => void problems.push({ line, problems: found }),
    onProgress: () => {},
  });
  return { ...counts, problems };
}
