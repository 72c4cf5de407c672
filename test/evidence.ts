/**
 * What the runner searches when a test file has ended: everything that it and the processes it started have printed, at the level
 * `trace`, for every password, token and hash that it used.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Shorter ones are words that logs have too. */
const SHORTEST = 12;

/** Members of bodies and columns that nobody else may see. */
const isSecret = /password|token|secret/i;
/** Of those, what says how something is and not what it is. */
const isHarmless = /^(tokenType|passwordChangedAt)$/;

const secrets = new Set<string>();
const printed: string[] = [];

/** Remembers a secret that a test used. */
export function noteSecret(secret: string | null | undefined): void {
  if (typeof secret === 'string' && secret.length >= SHORTEST) secrets.add(secret);
}

/** Remembers the secrets in a body, or in rows of the database. */
export function noteSecretsIn(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'string') noteSecretsIn(member);
    else if (isSecret.test(name) && !isHarmless.test(name)) noteSecret(member);
  }
}

/** Remembers what a process printed. */
export function notePrinted(text: string): void {
  printed.push(text);
}

const folder = process.env.TEST_EVIDENCE;
if (folder !== undefined)
  process.once('exit', () => {
    writeFileSync(join(folder, 'secrets'), JSON.stringify([...secrets]));
    writeFileSync(join(folder, 'printed'), printed.join('\n'));
  });
