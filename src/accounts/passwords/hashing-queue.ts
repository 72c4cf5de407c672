import type { HashCost } from './formats/format.ts';

/** The limits of hashes at a time. Each thread of a hash takes one slot. */
export interface HashingLimits {
  readonly slots: number;
  readonly memoryKib: number;
}

interface Waiting {
  readonly cost: HashCost;
  readonly start: () => void;
}

/** A first-in, first-out queue for work that takes slots and memory. */
export class HashingQueue {
  #limits: HashingLimits;
  #running = 0;
  #usedSlots = 0;
  #usedKib = 0;
  readonly #waiting: Waiting[] = [];

  constructor(limits: HashingLimits) {
    this.#limits = limits;
  }

  get limits(): HashingLimits {
    return this.#limits;
  }

  /** Changes the limits. They apply to work that starts from now on. */
  set limits(limits: HashingLimits) {
    this.#limits = limits;
    this.#startNext();
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** The memory that is reserved for running work. */
  get usedKib(): number {
    return this.#usedKib;
  }

  /**
   * Runs work when it is first in the queue and there is enough room. Work that takes more than the limits
   * runs alone.
   *
   * @param cost the threads and the memory of the work
   */
  async run(cost: HashCost, work: () => Promise<void>): Promise<void> {
    await new Promise<void>((start) => {
      this.#waiting.push({ cost, start });
      this.#startNext();
    });
    try {
      await work();
    } finally {
      this.#running--;
      this.#usedSlots -= cost.threads;
      this.#usedKib -= cost.memoryKib;
      this.#startNext();
    }
  }

  /**
   * Starts work from the front of the queue. Work is not overtaken: large work would otherwise never start.
   */
  #startNext(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || !this.#hasRoom(next.cost)) return;
      this.#waiting.shift();
      this.#running++;
      this.#usedSlots += next.cost.threads;
      this.#usedKib += next.cost.memoryKib;
      next.start();
    }
  }

  #hasRoom(cost: HashCost): boolean {
    const { slots, memoryKib } = this.#limits;
    if (this.#running === 0) return true;
    return this.#usedSlots + cost.threads <= slots && this.#usedKib + cost.memoryKib <= memoryKib;
  }
}
