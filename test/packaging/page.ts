/** Builds examples that are pages as their readmes say, and serves them. */
import { execFile } from 'node:child_process';
import { cp, readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';

const exec = promisify(execFile);
const compiler = resolve('node_modules/typescript/bin/tsc');

/** The types of the files that Vite writes. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.html': 'text/html; charset=utf-8',
};

/**
 * Builds an example, for a service at a URL.
 *
 * @returns the folder of the files to serve
 */
export async function buildPage(t: Teardown, name: string, serviceUrl: string): Promise<string> {
  const folder = await temporaryFolder(t);
  const page = join(folder, 'examples', name);
  const client = join(folder, 'packages/client');
  const run = async (command: string, args: readonly string[]) => {
    const env = { ...process.env, VITE_LATCHKEY_URL: serviceUrl };
    await exec(command, args, { cwd: page, env }).catch((error: { stdout: string; stderr: string }) => {
      throw new Error(`${command} ${args.join(' ')}: ${error.stdout}${error.stderr}`);
    });
  };
  await cp(join('examples', name), page, {
    recursive: true,
    filter: (path) => !/\/(?:node_modules|dist)$/.test(path),
  });
  await cp('packages/client/package.json', join(client, 'package.json'));
  const project = 'packages/client/tsconfig.build.json';
  await exec(process.execPath, [compiler, '-p', project, '--outDir', join(client, 'dist')]);
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  await run(process.execPath, [compiler, '-p', '.']);
  await run('npm', ['run', 'build']);
  return join(page, 'dist');
}

/**
 * Serves a page at each path that is no file.
 *
 * @returns the port on the loopback address
 */
export async function servePage(t: Teardown, folder: string): Promise<number> {
  const server = createServer(async ({ url = '/' }, response) => {
    const file = join(folder, extname(url) === '' ? 'index.html' : url);
    const content = await readFile(file).catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200, { 'content-type': TYPES[extname(file)] ?? '' });
    response.end(content);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return port;
}

/** Counts the lines of an example: index.html and the sources. */
export async function countLines(name: string): Promise<number> {
  const sources = (await readdir(join('examples', name, 'src'))).map((source) => join('src', source));
  const files = ['index.html', ...sources].map((file) => readFile(join('examples', name, file), 'utf8'));
  return (await Promise.all(files)).join('').split('\n').length;
}
