/** Files of deploy/, read with real parsers. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { Environment } from '#latchkey/config/index.ts';
import { secretVariables } from '#latchkey/config/secret-files.ts';

// biome-ignore lint/suspicious/noExplicitAny: what the tests are about is what is in it
export type Manifest = any;

/** Parses one YAML document. @throws {Error} when it is not valid, or has a duplicate key */
export async function readManifest(path: string): Promise<Manifest> {
  return parse(await readFile(`deploy/${path}`, 'utf8'), { merge: true });
}

/** Returns names of variables that Latchkey does not read. */
export function unknownVariables(names: readonly string[]): string[] {
  const known = new Set([
    ...Object.keys(Environment.properties),
    ...secretVariables.map((name) => `${name}_FILE`),
  ]);
  return names.filter((name) => !known.has(name));
}
