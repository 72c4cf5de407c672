/** The result of a check, printed as one line. */
export interface Finding {
  /** Name of the check. */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** Description of the result. Never a secret. */
  readonly found: string;
  /** Instruction for the operator; undefined when the status is `ok`. */
  readonly advice?: string;
}

/** Makes a finding for a check that passed. */
export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found };
}

/** Makes a finding for something that works, but is probably not intended. */
export function warning(check: string, found: string, advice: string): Finding {
  return { check, status: 'warning', found, advice };
}

/** Makes a finding for something that is wrong. */
export function problem(check: string, found: string, advice: string): Finding {
  return { check, status: 'problem', found, advice };
}
