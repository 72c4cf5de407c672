import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import { hasAdmin } from './accounts/first-admin.ts';
import { buildApp } from './app.ts';
import type { Config } from './config.ts';

/** Milliseconds in which what is under way is finished after SIGTERM or SIGINT. */
const CLOSE_DELAY = 10_000;

/**
 * Runs the service until the process is told to stop.
 *
 * @throws {Error} when it cannot boot or listen; nothing is left open then
 */
export async function serve(config: Config): Promise<FastifyInstance> {
  const app = await buildApp(config);
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await app.close();
    throw error;
  }
  closeWithGrace({ delay: CLOSE_DELAY }, async ({ err }) => {
    if (err) app.log.fatal({ err }, 'The process stops on an error that nobody handled');
    await app.close();
  });
  await announce(app, config);
  return app;
}

/** Tells whoever started it where it is and what to do next; in production as log lines. */
async function announce(app: FastifyInstance, config: Config): Promise<void> {
  const lines = [`Latchkey listens on ${config.publicUrl}`, `Docs: ${config.publicUrl}/docs`];
  if (!(await hasAdmin(app.accounts))) {
    lines.push(
      'There is no admin yet. Make the first one: npx latchkey user create --email you@example.com --name You --access admin',
    );
  }
  if (config.production) for (const line of lines) app.log.info(line);
  else process.stdout.write(`\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
}
