import { setTimeout as wait } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import { loadCommonPasswords } from './accounts/passwords/strength.ts';
import { type AppOptions, buildApp } from './app.ts';
import { offerFirstAdmin } from './boot/offer-first-admin.ts';
import { type Config, ConfigError, defaultPublicUrl } from './config/index.ts';
import { standardOutput } from './http/standard-output.ts';

/** Milliseconds in which what is under way is finished after SIGTERM or SIGINT, and after SHUTDOWN_DELAY. */
const CLOSE_DELAY = 10_000;

/**
 * Runs the service until the process is told to stop.
 *
 * @param options routes of one's own
 * @throws {Error} when it cannot boot or listen; nothing is left open then
 */
export async function serve(config: Config, options: AppOptions = {}): Promise<FastifyInstance> {
  // The first who chooses a password neither waits for it nor finds that it cannot be read. Before the app measures how late it is.
  await loadCommonPasswords();
  const app = await buildApp(config, options);
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await app.close();
    throw explainListening(error, config);
  }
  // What a host's own code prints may have lost its reader too (EPIPE).
  process.stdout.on('error', () => {});
  const shutdownDelay = config.shutdownDelay * 1_000;
  closeWithGrace({ delay: shutdownDelay + CLOSE_DELAY, logger: app.log }, async ({ err, signal }) => {
    if (err) app.log.error({ err }, 'The process stops on an error that nobody handled');
    else app.log.info({ signal, shutdownDelay }, 'The process was told to stop');
    app.drain.begin();
    if (!err) await wait(shutdownDelay);
    await app.close();
  });
  await announce(app, config);
  return app;
}

/** A host or a port that cannot be listened on is a matter of configuration; everything else stays as it is. */
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

/** Tells whoever started it where it is and what to do next; in production as log lines. */
async function announce(app: FastifyInstance, config: Config): Promise<void> {
  const url = listeningUrl(app, config);
  const lines = [`Latchkey listens on ${url}`, `Docs: ${url}/docs`, ...(await offerFirstAdmin(app, url))];
  if (config.production) for (const line of lines) app.log.info(line);
  else standardOutput().write(`\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
}

/** Where a browser on this machine finds it, whatever PUBLIC_URL says; with the port that was given in place of 0. */
function listeningUrl(app: FastifyInstance, config: Config): string {
  const address = app.server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return defaultPublicUrl(config.host, port ?? config.port);
}
