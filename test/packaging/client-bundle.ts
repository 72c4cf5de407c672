import { build } from 'esbuild';

/** Bundles `@latchkey/client` for a page, as its users do. */
export async function bundleClient(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: ['packages/client/src/index.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  const [script] = outputFiles;
  if (script === undefined) throw new Error('esbuild has made nothing');
  return script.contents;
}
