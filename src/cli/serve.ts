import type { Command } from 'commander';

/** `latchkey serve` */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the service until it is told to stop (SIGTERM or SIGINT)')
    .addHelpText('after', '\nExample:\n  PORT=8080 latchkey serve')
    .action(async () => {
      const { readConfig } = await import('../config.ts');
      const config = readConfig();
      const { serve } = await import('../server.ts');
      await serve(config);
    });
}
