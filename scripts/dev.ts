/**
 * npm run dev [-- <options of Node.js>]
 *
 * Runs the service from its sources, and restarts it when a source changes. Options are passed to Node.js, as
 * in `npm run dev -- --inspect`.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';

const options = ['--watch', '--watch-preserve-output', ...process.argv.slice(2)];
const command = [...options, resolve(import.meta.dirname, '../bin/latchkey.js'), 'serve'];
// A separate process group, except on Windows, where that opens a window. At Ctrl-C the terminal would signal
// both the service and Node.js, which forwards the signal. The service would then get two signals, and the
// second one means: stop at once.
const node = spawn(process.execPath, command, { stdio: 'inherit', detached: process.platform !== 'win32' });

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => node.kill(signal));
// The terminal was closed. Node.js passes no SIGHUP on to the service.
process.on('SIGHUP', () => node.kill('SIGTERM'));
node.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
});
