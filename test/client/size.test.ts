/**
 * Tests the package of the client: its size, its dependencies and its version.
 *
 * @runs once, on SQLite: no service is started.
 */
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import t from 'tap';

const MAX_GZIPPED_BYTES = 8 * 1024;

const read = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

t.test('The client has at most 8 KB with all that it needs, minified and gzipped', async (t) => {
  const { outputFiles, metafile } = await build({
    entryPoints: ['packages/client/src/index.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).length;
  t.comment(`@latchkey/client: ${bytes} bytes gzipped`);
  t.ok(bytes > 1024 && bytes <= MAX_GZIPPED_BYTES, `${bytes} bytes`);
  const packages = Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'));
  t.ok(packages.length > 0);
  for (const path of packages) t.match(path, /node_modules\/openapi-fetch\//, path);
});

t.test('The client depends on openapi-fetch alone and has the version of the service', async (t) => {
  const [client, service] = [await read('packages/client/package.json'), await read('package.json')];
  t.strictSame(Object.keys(client.dependencies), ['openapi-fetch']);
  t.equal(client.version, service.version);
  t.equal(client.type, 'module');
  t.equal(service.devDependencies['openapi-fetch'], client.dependencies['openapi-fetch']);
});
