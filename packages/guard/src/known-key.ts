import type { Instant } from './clocks.ts';
import type { KeyAnswer } from './key-answer.ts';
import type { KeyCaller } from './rule.ts';

/** Every operation, in the list of a key. */
const ALL_OPERATIONS = '*';

/** An API key as Latchkey has described it. It is compared with the feed at each use. */
export class KnownKey {
  readonly answer: KeyAnswer;
  /** When Latchkey was asked, by both clocks. */
  readonly askedAt: Instant;
  #caller: KeyCaller | undefined;

  constructor(answer: KeyAnswer, askedAt: Instant) {
    this.answer = answer;
    this.askedAt = askedAt;
  }

  /** Returns the level at a time. @param seconds since 1970 */
  levelAt(seconds: number): number {
    const { cap, owner } = this.answer;
    const isElevated = owner.access_until === undefined || owner.access_until > seconds;
    return Math.min(cap, isElevated ? owner.access : owner.permanent_access);
  }

  /** Tells whether a request may be made. @param operation that the route declares */
  mayCall(operation: string | undefined): boolean {
    const { operations } = this.answer;
    return operations.includes(ALL_OPERATIONS) || (operation !== undefined && operations.includes(operation));
  }

  /** Returns the key as the caller of a request. @param access the level that counts */
  toCaller(access: number): KeyCaller {
    if (this.#caller?.access !== access) {
      const { sub, key, cap, gen, exp, operations, owner } = this.answer;
      const members = { sub, key, access, cap, gen, operations, service: owner.service, exp };
      this.#caller = Object.freeze(members);
    }
    return this.#caller;
  }
}
