/** Searches what a test file and its processes have printed for the secrets that it used. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Whatever they are, they have no business in a log. */
const forbidden = [/\$argon2/, /eyJ[\w-]{20,}\.eyJ/, /-----BEGIN [A-Z ]*PRIVATE/];

/** Characters around a secret that say where it was printed. */
const AROUND = 150;

/**
 * @param folder the test's evidence (evidence.ts)
 * @param texts what the test's own process printed
 * @returns a line for each secret that was found
 * @throws {Error} when the test did not live to write its evidence
 */
export async function findLeaks(folder: string, texts: readonly string[]): Promise<string[]> {
  const text = [...texts, await readFile(join(folder, 'printed'), 'utf8')].join('\n');
  const secrets: string[] = JSON.parse(await readFile(join(folder, 'secrets'), 'utf8'));
  const found = [
    ...secrets.filter(
      (secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1)),
    ),
    ...forbidden.flatMap((pattern) => pattern.exec(text)?.[0] ?? []),
  ];
  return found.map((secret) => {
    const at = Math.max(0, text.indexOf(secret));
    return `printed a secret: ${text.slice(Math.max(0, at - AROUND), at + secret.length + AROUND)}`;
  });
}
