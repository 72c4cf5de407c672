import { SingleBar } from 'cli-progress';

/** Draws of the bar in a second, and milliseconds between two lines where there is no terminal. */
const FPS = 5;
const LINES = 5_000;

/** What somebody sees of work that takes minutes, on standard error: results are on standard output. */
export interface ProgressBar {
  /** @param step what is being done, for instance `Copying User` */
  update(done: number, step: string): void;
  /** Prints a line above it. */
  say(line: string): void;
  stop(): void;
}

/**
 * Starts a bar at a terminal; elsewhere a line tells every few seconds how far it is.
 *
 * @param total undefined when nobody knows
 */
export function startProgressBar(total: number | undefined): ProgressBar {
  if (!process.stderr.isTTY) return plainLines(total);
  const format = total === undefined ? '{step}' : '{bar} {percentage} %  {step}  {eta_formatted} left';
  const bar = new SingleBar({
    format,
    fps: FPS,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  });
  bar.start(total ?? 1, 0, { step: '' });
  return {
    update: (done, step) => bar.update(done, { step }),
    // Clears the line of the bar, which is drawn again below.
    say: (line) => void process.stderr.write(`\r\u001b[K${line}\n`),
    stop: () => bar.stop(),
  };
}

function plainLines(total: number | undefined): ProgressBar {
  let last = performance.now();
  return {
    update: (done, step) => {
      if (performance.now() - last < LINES) return;
      last = performance.now();
      const part = total === undefined ? '' : `: ${Math.floor((100 * done) / Math.max(1, total))} % of all`;
      process.stderr.write(`${step}${part}\n`);
    },
    say: (line) => void process.stderr.write(`${line}\n`),
    stop: () => {},
  };
}
