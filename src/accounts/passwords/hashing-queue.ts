import type { HashCost } from './parse-hash.ts';

/** What hashes may take at a time: a slot for each of their threads. */
export interface HashingLimits {
  readonly slots: number;
  readonly memoryKib: number;
}

interface Waiting {
  readonly cost: HashCost;
  readonly start: () => void;
}

/** Lets work begin in the order in which it came, as slots and memory are there. */
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

  /** What begins from now on keeps to them. */
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

  /** Memory that is set aside for what is running. */
  get usedKib(): number {
    return this.#usedKib;
  }

  /**
   * Runs work when it is its turn. Work that takes more threads or memory than there may be runs alone.
   *
   * @param cost what the work takes
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

  /** What is first and has to wait keeps the others waiting: it would wait for ever if they passed it. */
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
