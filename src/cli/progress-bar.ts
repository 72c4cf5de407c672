import { SingleBar } from 'cli-progress';

/** Redraws of the bar per second; and the time between two lines when there is no terminal. */
const FPS = 5;
const LINE_INTERVAL_MS = 5_000;

/** Progress of work that takes minutes. It is on standard error, because results are on standard output. */
export interface ProgressBar {
  /** Shows progress. @param step current step, for example `Copying User` */
  update(done: number, step: string): void;
  /** Prints a line above the bar. */
  printLine(line: string): void;
  stop(): void;
}

/**
 * Starts a progress bar on a terminal; elsewhere prints a line every few seconds.
 *
 * @param total undefined when it is unknown
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
    // Clears the line of the bar; the bar is redrawn below.
    printLine: (line) => void process.stderr.write(`\r\u001b[K${line}\n`),
    stop: () => bar.stop(),
  };
}

function plainLines(total: number | undefined): ProgressBar {
  let last = performance.now();
  return {
    update: (done, step) => {
      if (performance.now() - last < LINE_INTERVAL_MS) return;
      last = performance.now();
      const part = total === undefined ? '' : `: ${Math.floor((100 * done) / Math.max(1, total))} % of all`;
      process.stderr.write(`${step}${part}\n`);
    },
    printLine: (line) => void process.stderr.write(`${line}\n`),
    stop: () => {},
  };
}
