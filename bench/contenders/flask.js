// Starts gunicorn with flask_app.py, one worker for the one core. Exits with 69 when Debian's packages are
// missing.
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { announce, makeTokens, publicKey } from './kit.js';

// Debian's Python, which has Debian's packages.
const python = '/usr/bin/python3';
if (spawnSync(python, ['-c', 'import flask, gunicorn, jwt, cryptography']).status !== 0) process.exit(69);
const probe = createServer().listen(0, '127.0.0.1');
await new Promise((resolve) => probe.once('listening', resolve));
const { port } = probe.address();
await new Promise((resolve) => probe.close(resolve));
const options = ['--workers', '1', '--threads', '1', '--log-level', 'warning', '--bind', `127.0.0.1:${port}`];
const child = spawn(python, ['-m', 'gunicorn', ...options, 'flask_app:app'], {
  cwd: import.meta.dirname,
  env: { ...process.env, BENCH_PUBLIC_KEY: publicKey },
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.once('SIGTERM', () => child.kill());
child.once('exit', (code) => process.exit(code ?? 0));
for (;;) {
  const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
  if (isUp) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
announce(port, makeTokens());
