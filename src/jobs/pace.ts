/** Milliseconds without a request and without work after which a process is idle. */
const IDLE_AFTER_MS = 10_000;

/** The settings of a {@link Pace}. */
export interface PaceOptions {
  /** Longest pause of an idle process in milliseconds. With a second or less, a process is never idle. */
  readonly maxPauseMs: number;
  /** Tells whether something needs the jobs although no request came: for example, mails that wait. */
  readonly isBusy: () => boolean;
}

/**
 * Pace of the jobs. While requests come, each job runs at its own interval. An idle process lets all jobs run
 * together, after pauses that become longer: each is as long as nothing has happened until then. A serverless
 * database can sleep in these pauses. The next request ends a pause at once.
 */
export class Pace {
  readonly #maxPauseMs: number;
  readonly #isBusy: () => boolean;
  /** True when a request or work was noted since the last call of {@link next}. */
  #wasActive = true;
  /** performance.now() when the process was last seen active. */
  #activeAt = performance.now();
  #pause: { readonly ended: Promise<void>; end(): void } | undefined;

  constructor({ maxPauseMs, isBusy }: PaceOptions) {
    this.#maxPauseMs = maxPauseMs;
    this.#isBusy = isBusy;
  }

  /** True during a pause, in which no job runs. */
  get isIdle(): boolean {
    return this.#pause !== undefined;
  }

  /** Notes that a request came or that a job found work. It ends a pause. */
  noteActivity(): void {
    this.#wasActive = true;
    this.#pause?.end();
  }

  /** Waits until a job that is due may run: not at all, unless the process is idle. */
  async next(): Promise<void> {
    const now = performance.now();
    if (this.#wasActive || this.#isBusy()) {
      this.#wasActive = false;
      this.#activeAt = now;
    }
    const quietMs = now - this.#activeAt;
    if (quietMs < IDLE_AFTER_MS || this.#maxPauseMs <= 1_000) return;
    this.#pause ??= this.#begin(Math.min(quietMs, this.#maxPauseMs));
    await this.#pause.ended;
  }

  #begin(milliseconds: number) {
    let resolve = () => {};
    const ended = new Promise<void>((done) => {
      resolve = done;
    });
    const end = () => {
      clearTimeout(timer);
      this.#pause = undefined;
      resolve();
    };
    const timer = setTimeout(end, milliseconds).unref();
    return { ended, end };
  }
}
