/**
 * Tests a service whose log reader dies first. It must still end on a signal.
 *
 * @runs once, on SQLite: it tests the process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { environment } from './helper.ts';

/** Logs two lines and exits, as on a second signal or a second error: with lines that are not written yet. */
const script = `
  import { buildApp } from '#latchkey/app.ts';
  import { parseConfig } from '#latchkey/config/index.ts';
  const app = await buildApp(parseConfig(JSON.parse(process.argv[1])));
  process.on('SIGTERM', () => {
    app.log.error('one');
    app.log.error('two');
    process.exit(1);
  });
  app.log.info('up');
  setInterval(() => {}, 1000);
`;

t.test('A service whose log has lost its reader still ends', async (t) => {
  const variables = JSON.stringify(await environment(t, { LOG_LEVEL: 'info' }));
  const service = spawn(process.execPath, ['--input-type=module', '--eval', script, variables], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => service.kill('SIGKILL'));
  const exit = once(service, 'exit');
  t.match(String(await once(service.stdout, 'data')), 'up');
  service.stdout.destroy();
  await once(service.stdout, 'close');
  service.kill('SIGTERM');
  t.strictSame(await exit, [1, null]);
});
