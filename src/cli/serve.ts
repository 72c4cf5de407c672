import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { serve } from '../server.ts';

/** `latchkey serve` */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the service until it is told to stop (SIGTERM or SIGINT)')
    .addHelpText('after', '\nExample:\n  PORT=8080 latchkey serve')
    .action(async () => {
      await serve(readConfig());
    });
}
