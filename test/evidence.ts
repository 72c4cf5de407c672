/**
 * What the runner searches when a process of tests has ended: everything that each file and the processes it started have printed, at
 * the level `trace`, for every password, token and hash that the file used.
 */
import { writeFileSync } from 'node:fs';

/** Shorter ones are words that logs have too. */
const SHORTEST = 12;

/** Members of bodies and columns that nobody else may see. */
const isSecret = /password|token|secret/i;
/** Of those, what says how something is and not what it is. */
const isHarmless = /^(tokenType|passwordChangedAt)$/;

/** Of one test file. */
export interface Evidence {
  readonly file: string;
  readonly secrets: readonly string[];
  /** What the processes printed that it started. */
  readonly printed: string;
}

const past: Evidence[] = [];
const secrets = new Set<string>();
const printed: string[] = [];
let current = '';

/** Begins another file's evidence. */
export function noteFile(file: string): void {
  keep();
  secrets.clear();
  printed.length = 0;
  current = file;
}

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

function keep(): void {
  if (current !== '') past.push({ file: current, secrets: [...secrets], printed: printed.join('\n') });
}

const { TEST_EVIDENCE: path } = process.env;
if (path !== undefined)
  process.once('exit', () => {
    keep();
    writeFileSync(path, JSON.stringify(past));
  });
