import { isatty } from 'node:tty';
import type { FastifyBaseLogger } from 'fastify';

/** Signals that are handled here. close-with-grace would take each repetition for a second order. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;
type StopSignal = (typeof stopSignals)[number];

/**
 * Milliseconds for which the same signal counts as a repetition. At Ctrl-C a terminal signals all its
 * processes, and npm passes its own signal on: the service gets it twice, without being asked twice.
 */
const REPETITION_MS = 500;

/** File descriptors of standard input, output and error. */
const STANDARD_STREAMS = [0, 1, 2];

/**
 * Calls `stop` at the first signal that stops the service, and ends the process at once at a second one.
 *
 * SIGHUP stops a service that runs in a terminal, for the terminal is gone then. Without a terminal (systemd,
 * Docker, nohup) it is ignored: there it comes from log rotation, or asks to read the configuration again.
 *
 * @param stop begins the shutdown, and ends the process
 */
export function listenForStop(log: FastifyBaseLogger, stop: (signal: StopSignal) => void): void {
  const inTerminal = STANDARD_STREAMS.some((descriptor) => isatty(descriptor));
  let first: { readonly signal: StopSignal; readonly at: number } | undefined;
  const receive = (signal: StopSignal) => {
    if (signal === 'SIGHUP' && !inTerminal) {
      log.warn({ signal }, 'SIGHUP was ignored: to read the configuration again, restart the service');
      return;
    }
    if (first === undefined) {
      first = { signal, at: performance.now() };
      stop(signal);
      return;
    }
    // A shell and the kernel both send it when the terminal closes.
    const isRepetition = signal === first.signal && performance.now() - first.at < REPETITION_MS;
    if (signal === 'SIGHUP' || isRepetition) return;
    log.error({ signal }, 'The process ends at once because of a second signal');
    process.exit(1);
  };
  for (const signal of stopSignals) process.on(signal, () => receive(signal));
}
