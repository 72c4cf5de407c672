/**
 * What stands in front of several processes: nginx with deploy/nginx/nginx.conf where it is installed, else a proxy from npm that
 * does the same. `TEST_FRONT=npm` takes the latter anyway.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createProxyServer } from 'http-proxy-3';
import { findProgram, startDaemon } from '../daemon.ts';
import type { Teardown } from '../helper.ts';
import { freePort } from '../postgres-server.ts';
import { until } from '../until.ts';

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

/** The committed configuration, but for where it listens, where it leads and where its files are. */
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
  // The workers of root's nginx are nobody's.
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

/** One after the other gets a request; who refuses the connection is passed over. */
async function startNpmProxy(t: Teardown, port: number, ports: readonly number[]): Promise<void> {
  const proxy = createProxyServer({});
  let turn = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const given = String(request.headers['x-request-id'] ?? '');
    request.headers['x-request-id'] = /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    request.headers['x-forwarded-for'] = request.socket.remoteAddress;
    const attempt = (number: number): void => {
      const target = `http://127.0.0.1:${ports[turn++ % ports.length]}`;
      proxy.web(request, response, { target, buffer: Readable.from([body]) }, (error) => {
        const isRefused = 'code' in error && error.code === 'ECONNREFUSED';
        if (isRefused && number < ports.length) attempt(number + 1);
        else response.writeHead(502).end();
      });
    };
    attempt(1);
  };
  const server = createServer((request, response) => void handle(request, response));
  await once(server.listen(port, '127.0.0.1'), 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
}
