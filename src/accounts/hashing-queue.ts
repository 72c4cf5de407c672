/** What hashes may take at a time. */
export interface HashingLimits {
  readonly slots: number;
  readonly memoryKib: number;
}

interface Waiting {
  readonly memoryKib: number;
  readonly start: () => void;
}

/** Lets work begin in the order in which it came, as slots and memory are there. */
export class HashingQueue {
  #limits: HashingLimits;
  #running = 0;
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
   * Runs work when it is its turn. Work that takes more memory than there may be runs alone.
   *
   * @param memoryKib what the work takes
   */
  async run(memoryKib: number, work: () => Promise<void>): Promise<void> {
    await new Promise<void>((start) => {
      this.#waiting.push({ memoryKib, start });
      this.#startNext();
    });
    try {
      await work();
    } finally {
      this.#running--;
      this.#usedKib -= memoryKib;
      this.#startNext();
    }
  }

  /** What is first and has to wait keeps the others waiting: it would wait for ever if they passed it. */
  #startNext(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || !this.#hasRoom(next.memoryKib)) return;
      this.#waiting.shift();
      this.#running++;
      this.#usedKib += next.memoryKib;
      next.start();
    }
  }

  #hasRoom(memoryKib: number): boolean {
    const { slots, memoryKib: budget } = this.#limits;
    return this.#running === 0 || (this.#running < slots && this.#usedKib + memoryKib <= budget);
  }
}
