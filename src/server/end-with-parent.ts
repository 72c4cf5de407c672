/** Milliseconds between two looks at the parent process. */
const CHECK_INTERVAL_MS = 500;

/**
 * Stops the service, as SIGTERM does, when its parent process has ended. npx starts a shell that starts the
 * service. At SIGTERM, npx ends the shell and itself, and the service would keep its port.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, CHECK_INTERVAL_MS);
  timer.unref();
}
