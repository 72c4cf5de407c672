/** A shell in which the blocks of a page run one after the other, like in the terminal of a reader. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Teardown } from '../helper.ts';

const END = '---- end of the block ----';

/** Runs each block when it has come, without an input of its own. The first command that fails ends it. */
const LOOP = `set -euo pipefail
while IFS= read -r -d '' block; do eval "$block" < /dev/null; echo; echo '${END}'; done`;

export interface Shell {
  /** Runs a block. @returns what it printed @throws {Error} when a command of it fails */
  run(block: string): Promise<string>;
}

/** Starts a shell that ends with the test. Variables and functions of a block are there in the next one. */
export function startShell(t: Teardown, cwd: string, env: Record<string, string>): Shell {
  const child = spawn('bash', ['-c', LOOP], { cwd, env });
  let [printed, errors] = ['', ''];
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    child.emit('printed');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const closed = once(child, 'close').then(() => 'closed');
  t.teardown(async () => {
    child.stdin.end();
    await closed;
  });
  return {
    run: async (block) => {
      printed = '';
      child.stdin.write(`${block}\0`);
      while (!printed.includes(END)) {
        const event = await Promise.race([once(child, 'printed'), closed]);
        if (event === 'closed' && !printed.includes(END))
          throw new Error(`A command failed:\n${block}\n${printed}\n${errors}`);
      }
      return printed.slice(0, printed.indexOf(END));
    },
  };
}
