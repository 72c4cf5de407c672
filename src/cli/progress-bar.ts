import { SingleBar } from 'cli-progress';

/** Draws of the bar in a second, and milliseconds between two lines where there is no terminal. */
const FPS = 5;
const LINES = 5_000;

/** What somebody sees of work that takes minutes, on standard error: results are on standard output. */
export interface ProgressBar {
  /** @param step what is being done, for instance `Copying User` */
  update(done: number, step: string): void;
  stop(): void;
}

/** Starts a bar at a terminal; elsewhere a line tells every few seconds how far it is. */
export function startProgressBar(total: number): ProgressBar {
  if (!process.stderr.isTTY) return plainLines(total);
  const format = '{bar} {percentage} %  {step}  {eta_formatted} left';
  const bar = new SingleBar({
    format,
    fps: FPS,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  });
  bar.start(total, 0, { step: '' });
  return { update: (done, step) => bar.update(done, { step }), stop: () => bar.stop() };
}

function plainLines(total: number): ProgressBar {
  let last = performance.now();
  return {
    update: (done, step) => {
      if (performance.now() - last < LINES) return;
      last = performance.now();
      process.stderr.write(`${step}: ${Math.floor((100 * done) / Math.max(1, total))} % of all\n`);
    },
    stop: () => {},
  };
}
