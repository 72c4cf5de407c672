import { setTimeout as wait } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import { loadCommonPasswords } from './accounts/passwords/strength.ts';
import { type AppOptions, buildApp } from './app.ts';
import { offerFirstAdmin } from './boot/offer-first-admin.ts';
import { type Config, ConfigError, defaultPublicUrl } from './config/index.ts';
import { standardOutput } from './http/standard-output.ts';
import { listenForStop, stopSignals } from './server/stop-signals.ts';
import { serviceOf } from './service/service-of.ts';

/** Timeout of a graceful shutdown after SIGTERM or SIGINT, and after SHUTDOWN_DELAY. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Runs the service until the process is told to stop.
 *
 * @param options for example your own routes
 * @throws {Error} when it cannot boot or listen; everything is closed then
 */
export async function serve(config: Config, options: AppOptions = {}): Promise<FastifyInstance> {
  // Loaded at the start: a list that cannot be read stops the start, and no request waits. It comes before
  // the app, which measures the delay of the event loop.
  await loadCommonPasswords();
  const app = await buildApp(config, options);
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await app.close();
    throw explainListening(error, config);
  }
  // The reader of standard output may be gone (EPIPE), also for text that the host's own code prints.
  process.stdout.on('error', () => {});
  const shutdownDelay = config.shutdownDelay * 1_000;
  const grace = { delay: shutdownDelay + CLOSE_TIMEOUT_MS, logger: app.log, skip: [...stopSignals] };
  const { close } = closeWithGrace(grace, async ({ err }) => {
    if (err) app.log.error({ err }, 'The process stops because of an unhandled error');
    app.drain.begin();
    if (!err) await wait(shutdownDelay);
    await app.close();
  });
  listenForStop(app.log, (signal) => {
    app.log.info({ signal, shutdownDelay }, 'The process was told to stop');
    void close();
  });
  await announce(app, config);
  return app;
}

/** Turns an error about the host or the port into a ConfigError; returns every other error unchanged. */
function explainListening(error: unknown, { host, port }: Config): unknown {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return error;
  const { syscall, code } = error;
  if (syscall === 'listen' && code === 'EADDRINUSE')
    return new ConfigError(
      `PORT ${port} of ${host} is in use: stop what listens there or choose another (example: PORT=3001)`,
    );
  if (syscall === 'listen' && code === 'EACCES')
    return new ConfigError(
      `PORT ${port} of ${host} is not open to this user: choose another (example: PORT=3000)`,
    );
  const isHost = syscall === 'listen' || ('hostname' in error && error.hostname === host);
  return isHost
    ? new ConfigError(
        `HOST ${host} cannot be listened on (${code}): set it to an address of this machine (example: HOST=0.0.0.0)`,
      )
    : error;
}

/** Prints where the service listens and what to do next; in production as log lines. */
async function announce(app: FastifyInstance, config: Config): Promise<void> {
  const url = listeningUrl(app, config);
  const lines = [
    `Latchkey listens on ${url}`,
    ...(app.hasRoute({ method: 'GET', url: '/ui' }) ? [`Pages: ${url}/ui`] : []),
    `Docs: ${url}/docs`,
    ...(await offerFirstAdmin(serviceOf(app), url).catch((err: unknown) => {
      // The service listens already, and goes on when the database is back.
      app.log.warn(
        { err },
        'It is not known whether there is an admin. Where there is none, restart the service',
      );
      return [];
    })),
  ];
  if (config.production) for (const line of lines) app.log.info(line);
  else standardOutput().write(`\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
}

/**
 * Returns the URL for a browser on this machine. It does not depend on PUBLIC_URL, and has the real port in
 * place of 0.
 */
function listeningUrl(app: FastifyInstance, config: Config): string {
  const address = app.server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return defaultPublicUrl(config.host, port ?? config.port);
}
