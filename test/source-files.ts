import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SourceFile {
  /** The path below the folder, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Reads all TypeScript files below a folder except the generated ones. */
export async function readSources(folder: string): Promise<SourceFile[]> {
  const paths = (await readdir(folder, { recursive: true })).map((path) => path.replaceAll('\\', '/'));
  const sources = paths.filter((path) => path.endsWith('.ts') && !path.startsWith('db/generated/')).sort();
  return Promise.all(
    sources.map(async (path) => ({ path, text: await readFile(join(folder, path), 'utf8') })),
  );
}
