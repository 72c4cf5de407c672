/** One holder at a time within this process; first come, first served. */
export class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  async acquire(): Promise<void> {
    if (this.#held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#held = true;
  }

  /**
   * Hands the lock to the next in the queue; whoever comes later cannot overtake. Not before sockets and timers had their
   * turn: SQLite answers without waiting, so a long queue would otherwise keep the event loop to itself.
   */
  release(): void {
    const next = this.#waiting.shift();
    if (next) setImmediate(next);
    else this.#held = false;
  }
}
