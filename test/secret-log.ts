/**
 * Collects the output that the runner searches when a test process has ended: everything that each file and
 * its processes have printed, at the level `trace`, for every password, token and hash that the file used.
 */
import { writeFileSync } from 'node:fs';

/** The shortest secret; shorter words also occur in logs. */
const MIN_SECRET_LENGTH = 12;

/** Members of bodies and columns that are secret. */
const isSecret = /password|token|secret|challenge|recoveryCode|^key$/i;
/** Members among them that describe a secret and do not contain it. */
const isHarmless = /^(tokenType|passwordChangedAt)$/;

/** The secrets and the output of one test file. */
export interface SecretLog {
  readonly file: string;
  readonly secrets: readonly string[];
  /** The output of the processes that the file started. */
  readonly printed: string;
}

const past: SecretLog[] = [];
const secrets = new Set<string>();
const printed: string[] = [];
let current = '';

/** Begins the secret log of another file. */
export function noteFile(file: string): void {
  keep();
  secrets.clear();
  printed.length = 0;
  current = file;
}

/** Remembers a secret that a test used. */
export function noteSecret(secret: string | null | undefined): void {
  if (typeof secret === 'string' && secret.length >= MIN_SECRET_LENGTH) secrets.add(secret);
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

const { TEST_SECRET_LOG: path } = process.env;
if (path !== undefined)
  process.once('exit', () => {
    keep();
    writeFileSync(path, JSON.stringify(past));
  });
