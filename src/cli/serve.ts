import type { Command } from 'commander';
import { readConfig } from '../config.ts';

/** `latchkey serve` */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the service until it is told to stop (SIGTERM or SIGINT)')
    .addHelpText('after', '\nExample:\n  PORT=8080 latchkey serve')
    .action(async () => {
      // Only when it is asked for: the other commands need neither Fastify nor the docs.
      const { serve } = await import('../server.ts');
      await serve(readConfig());
    });
}
