import { text } from 'node:stream/consumers';
import { read } from 'read';
import { UsageError } from './usage-error.ts';

/**
 * Asks for a new password twice without showing it, or reads the first line of standard input when that is no terminal.
 * Never an argument: those are seen by every user of the machine (CWE-214).
 *
 * @throws {UsageError} when the two differ
 */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).split(/\r?\n/, 1)[0] ?? '';
  const ask = (prompt: string) => read<string>({ prompt, silent: true, output: process.stderr });
  const password = await ask('Password: ');
  if (password !== (await ask('Password again: '))) throw new UsageError('The two passwords differ');
  return password;
}
