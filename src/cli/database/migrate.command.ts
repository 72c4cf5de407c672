import type { Command } from 'commander';
import { print } from '../print.ts';

/** `latchkey migrate` */
export function migrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('apply the pending migrations; `serve` does it too')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit codes: 0 success, 1 failure, 2 usage error.\n\nExample:\n  DATABASE_URL=postgresql://latchkey@db/latchkey latchkey migrate',
    )
    .action(async ({ json }: { json?: boolean }) => {
      const [{ readConfig }, { migrate }] = await Promise.all([
        import('../../config/index.ts'),
        import('../../db/migrations/migrate.ts'),
      ]);
      const { applied } = await migrate(readConfig().databaseUrl);
      const text = applied.length === 0 ? 'Nothing to apply' : `Applied: ${applied.join(', ')}`;
      await print(`${json ? JSON.stringify({ applied }) : text}\n`);
    });
}
