/**
 * Proxy in front of several processes: nginx with deploy/nginx/nginx.conf if it is installed, or else a proxy
 * from npm with the same behaviour. `TEST_FRONT=npm` forces the latter.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, startDaemon } from '../daemon.ts';
import type { Teardown } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { until } from '../until.ts';
import { startNpmProxy } from './npm-proxy.ts';

export interface Front {
  readonly url: string;
  readonly kind: 'nginx' | 'npm';
}

const nginx = process.env.TEST_FRONT === 'npm' ? undefined : findProgram('nginx');

/** @param ports of the processes on 127.0.0.1, which need not listen yet */
export async function startFront(t: Teardown, ports: readonly number[]): Promise<Front> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  if (nginx === undefined) await startNpmProxy(t, port, ports);
  else await startNginx(t, nginx, port, ports);
  return { url, kind: nginx === undefined ? 'npm' : 'nginx' };
}

/** Committed configuration with other addresses and other paths of files. */
export async function writeNginxConfiguration(folder: string, port: number, ports: readonly number[]) {
  const committed = await readFile('deploy/nginx/nginx.conf', 'utf8');
  const [first] = committed.match(/^ *server latchkey-1:3000.*\n/m) ?? [];
  if (first === undefined) throw new Error('nginx.conf has no latchkey-1:3000');
  const servers = ports.map((target) => first.replace('latchkey-1:3000', `127.0.0.1:${target}`)).join('');
  const text = committed
    .replace(/^ *server latchkey-2:3000.*\n/m, '')
    .replace(first, () => servers)
    .replace(/^( *listen) 8080;/m, `$1 127.0.0.1:${port};`)
    .replaceAll(' /tmp/', ` ${folder}/`);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, text);
  return file;
}

async function startNginx(t: Teardown, program: string, port: number, ports: readonly number[]) {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-nginx-'));
  // The workers of an nginx that root starts run as the user nobody.
  await chmod(folder, 0o755);
  const file = await writeNginxConfiguration(folder, port, ports);
  const daemon = startDaemon(program, ['-c', file, '-p', folder, '-g', 'daemon off;'], { cwd: folder });
  t.teardown(async () => {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
  });
  await until(() => listens(port)).catch(() => {
    throw new Error(`nginx does not listen:\n${daemon.log()}`);
  });
}

async function listens(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/health/live`).then(
    () => true,
    () => false,
  );
}
