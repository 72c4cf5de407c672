import type { Operation } from '../operations.ts';
import type { RawAnswer } from '../raw.ts';

/** Replaces the status of a request without a response. */
const NO_RESPONSE = 0;

/** The numbers of responses of a service, and the findings. */
export class Tally {
  readonly findings: string[] = [];
  readonly #service: string;
  readonly #statuses = new Map<string, Map<number, number>>();
  /** Number of requests that were rejected under overload: they do not test the operation. */
  busy = 0;

  /** Counts a response to an operation. */
  count(operation: string, answer: RawAnswer | undefined): void {
    const { status, text } = answer ?? { status: NO_RESPONSE, text: '' };
    if (status === 503 && /problems\/busy"/.test(text)) this.busy++;
    const of = this.#statuses.get(operation) ?? new Map<number, number>();
    of.set(status, (of.get(status) ?? 0) + 1);
    this.#statuses.set(operation, of);
  }

  constructor(service: string) {
    this.#service = service;
  }

  find(what: string): void {
    this.findings.push(`${this.#service}: ${what}`);
  }

  /** Counts the responses to all operations except the given ones. */
  total(...but: string[]): number {
    return this.#sum([...this.#statuses.keys()].filter((name) => !but.includes(name)));
  }

  /** Counts the responses to one operation. */
  of(operation: string): number {
    return this.#sum([operation]);
  }

  /** Describes how often each status occurred. */
  summary(): string {
    const all = new Map<number, number>();
    for (const of of this.#statuses.values())
      for (const [status, times] of of) all.set(status, (all.get(status) ?? 0) + times);
    return [...all]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => `${times} x ${status === NO_RESPONSE ? 'no answer' : status}`)
      .join(', ');
  }

  /** Finds operations whose handlers never succeeded: fuzzing did not test them. */
  requireAllReached(operations: readonly Operation[]): void {
    for (const { operationId } of operations) {
      const seen = [...(this.#statuses.get(operationId) ?? new Map<number, number>()).keys()];
      if (!seen.some((status) => status >= 200 && status < 300))
        this.find(
          `${operationId} never succeeded, it answered ${seen.join(', ')}: its handler was not reached`,
        );
    }
  }

  #sum(operations: readonly string[]): number {
    return operations
      .flatMap((name) => [...(this.#statuses.get(name)?.values() ?? [])])
      .reduce((sum, times) => sum + times, 0);
  }
}
