/** What a check has to say, in one line. */
export interface Finding {
  /** What was looked at. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** What was found. Never a secret. */
  readonly found: string;
  /** What to do; there is none where all is well. */
  readonly advice?: string;
}

/** All is well. */
export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found };
}

/** It works, and may not be what was meant. */
export function warning(check: string, found: string, advice: string): Finding {
  return { check, status: 'warning', found, advice };
}

/** It is wrong. */
export function problem(check: string, found: string, advice: string): Finding {
  return { check, status: 'problem', found, advice };
}
