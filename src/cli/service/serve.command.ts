import type { Command } from 'commander';

/** `latchkey serve` */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the service until it is told to stop (SIGTERM or SIGINT)')
    .addHelpText(
      'after',
      '\nExit codes: 0 it was told to stop, 1 it could not start or failed, 2 called wrongly.\n\nExample:\n  PORT=8080 latchkey serve',
    )
    .action(async () => {
      const { readConfig } = await import('../../config/index.ts');
      const config = readConfig();
      const { serve } = await import('../../server.ts');
      await serve(config);
    });
}
