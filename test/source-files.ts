import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SourceFile {
  /** The path below the folder, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Tells whether a file is generated, or of an installed package. */
const isForeign = (path: string) => path.startsWith('db/generated/') || /(^|\/)node_modules\//.test(path);

/** Reads all TypeScript files below a folder except the generated ones and those of packages. */
export async function readSources(folder: string): Promise<SourceFile[]> {
  const paths = (await readdir(folder, { recursive: true })).map((path) => path.replaceAll('\\', '/'));
  const sources = paths.filter((path) => /[.]tsx?$/.test(path) && !isForeign(path)).sort();
  return Promise.all(
    sources.map(async (path) => ({ path, text: await readFile(join(folder, path), 'utf8') })),
  );
}
