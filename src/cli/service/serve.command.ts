import type { Command } from 'commander';
import { endWithParent } from '../../server/end-with-parent.ts';

/** `latchkey serve` */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run the service until SIGTERM or SIGINT')
    .addHelpText(
      'after',
      '\nExit codes: 0 success (stopped by a signal), 1 failure (also of the start), 2 usage error.\n\nExample:\n  PORT=8080 latchkey serve',
    )
    .action(async () => {
      const { isRunByNpx, readConfig } = await import('../../config/index.ts');
      const config = readConfig();
      // Before the start, during which npx may be ended too.
      if (isRunByNpx()) endWithParent();
      const { serve } = await import('../../server.ts');
      await serve(config);
    });
}
