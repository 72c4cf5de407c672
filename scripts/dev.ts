/**
 * npm run dev [-- <options of Node.js>]
 *
 * Runs the service from its sources, and starts it again when one of them changes. Options go to Node.js, as in
 * `npm run dev -- --inspect`.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';

const options = ['--watch', '--watch-preserve-output', ...process.argv.slice(2)];
const command = [...options, resolve(import.meta.dirname, '../bin/latchkey.js'), 'serve'];
// A process group of its own, except on Windows, where that is a window. At Ctrl-C the terminal would signal the service as
// well as Node.js, which hands the signal on, and the service takes a second one for an order to stop at once.
const node = spawn(process.execPath, command, { stdio: 'inherit', detached: process.platform !== 'win32' });

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => node.kill(signal));
node.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
});
