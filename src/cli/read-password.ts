import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { UsageError } from './usage-error.ts';

/**
 * Prompts twice for a new password without echo, or reads the first line of standard input when that is not a
 * terminal. The password is never an argument: every user of the machine can see arguments (CWE-214).
 *
 * Why no library: `read` and `@inquirer/password` lose the second line of a paste and wait for it forever. At
 * Ctrl-D, `read` never resolves. At Ctrl-T, `@inquirer/password` shows the typed text.
 *
 * @throws {UsageError} when the two entries differ, or when there is none (Ctrl-C, Ctrl-D)
 */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  // One interface for both prompts: it keeps a second line that was pasted together with the first.
  const terminal = createInterface({
    input: process.stdin,
    output: discard(),
    terminal: true,
    historySize: 0,
  });
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (prompt: string): Promise<string> => {
    process.stderr.write(prompt);
    const { value, done } = await lines.next();
    process.stderr.write('\n');
    if (done) throw new UsageError('No password was given');
    return value;
  };
  try {
    const password = await ask('Password: ');
    if (password !== (await ask('Password again: '))) throw new UsageError('The two passwords differ');
    return password;
  } finally {
    terminal.close();
  }
}

/** Makes a stream that discards the echo of the typed text. */
function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
