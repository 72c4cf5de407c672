import type { Operation } from '../operations.ts';
import type { RawAnswer } from '../raw.ts';

/** In place of a status, of what was not answered. */
const NONE = 0;

/** What a house answered, and what was found. */
export class Tally {
  readonly findings: string[] = [];
  readonly #house: string;
  readonly #statuses = new Map<string, Map<number, number>>();
  /** Requests that were turned away because there was too much to do: they say nothing of the operation. */
  busy = 0;

  /** Counts an answer to an operation. */
  count(operation: string, answer: RawAnswer | undefined): void {
    const { status, text } = answer ?? { status: NONE, text: '' };
    if (status === 503 && /problems\/busy"/.test(text)) this.busy++;
    const of = this.#statuses.get(operation) ?? new Map<number, number>();
    of.set(status, (of.get(status) ?? 0) + 1);
    this.#statuses.set(operation, of);
  }

  constructor(house: string) {
    this.#house = house;
  }

  find(what: string): void {
    this.findings.push(`${this.#house}: ${what}`);
  }

  /** Answers to all operations but those that are named. */
  total(...but: string[]): number {
    return this.#sum([...this.#statuses.keys()].filter((name) => !but.includes(name)));
  }

  /** Answers to one of them. */
  of(operation: string): number {
    return this.#sum([operation]);
  }

  /** How often there was each status, in words. */
  summary(): string {
    const all = new Map<number, number>();
    for (const of of this.#statuses.values())
      for (const [status, times] of of) all.set(status, (all.get(status) ?? 0) + times);
    return [...all]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => `${times} x ${status === NONE ? 'no answer' : status}`)
      .join(', ');
  }

  /** Finds operations whose handlers never did their work: fuzzing those showed nothing. */
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
