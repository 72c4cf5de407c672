import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { UsageError } from './usage-error.ts';

/**
 * Asks for a new password twice without showing it, or reads the first line of standard input when that is no terminal.
 * Never an argument: those are seen by every user of the machine (CWE-214).
 *
 * Of the libraries, `read` and `@inquirer/password` lose the second line of a paste and wait for it for ever. At Ctrl-D
 * `read` does not answer at all, and `@inquirer/password` shows what was typed at Ctrl-T.
 *
 * @throws {UsageError} when the two differ, or none is given (Ctrl-C, Ctrl-D)
 */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  // One interface for both: it keeps a second line that was pasted with the first.
  const terminal = createInterface({
    input: process.stdin,
    output: nowhere(),
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

/** Where the echo of what is typed goes. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
