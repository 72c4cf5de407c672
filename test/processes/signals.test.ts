/**
 * Signals to the service, and to what has started it.
 *
 * @runs once, on SQLite: it is about processes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { bin, childEnvironment, serve, serveBy, temporaryFolder } from '../child.ts';
import type { Teardown } from '../helper.ts';
import { until } from '../until.ts';

/** Starts the service by npm, which alone gets the signals, or together with it as a group. */
async function serveByNpm(t: Teardown, command: string, args: readonly string[], isGroup = false) {
  const variables = { PORT: '0', DATA_DIR: await temporaryFolder(t) };
  const service = await serveBy(t, command, args, { variables, isGroup });
  // npm may end without it.
  t.teardown(() => void spawnSync('sh', ['-c', `kill -KILL ${pidOf(service.stdout())} 2>/dev/null`]));
  return service;
}

/** Returns the process id in the last line of a log. */
function pidOf(log: string): number {
  return Number([...log.matchAll(/"pid":(\d+)/g)].at(-1)?.[1]);
}

function stops(log: string): number {
  return log.split('The process was told to stop').length - 1;
}

async function isAnswered(url: string): Promise<boolean> {
  return fetch(`${url}/health/live`).then(
    ({ ok }) => ok,
    () => false,
  );
}

t.test('SIGTERM to npm start stops the service, for which npm waits', async (t) => {
  const service = await serveByNpm(t, 'npm', ['start']);
  const { stdout } = await service.stop();
  t.equal(stops(stdout), 1);
  t.notOk(await isAnswered(service.url), 'its port is free');
});

t.test('SIGTERM to npm run dev stops the service, for which npm waits', async (t) => {
  const service = await serveByNpm(t, 'npm', ['run', 'dev']);
  const { stdout } = await service.stop();
  t.equal(stops(stdout), 1);
  t.notOk(await isAnswered(service.url), 'its port is free');
});

t.test('SIGTERM to npx stops the service', async (t) => {
  const service = await serveByNpm(t, 'npx', ['latchkey', 'serve']);
  service.signal('SIGTERM');
  // npx itself ends at once, by the signal.
  const { stdout } = await service.ended;
  t.equal(stops(stdout), 1);
  t.notOk(await isAnswered(service.url), 'its port is free');
});

t.test('Ctrl-C at npm start, which the service gets twice, is one signal to stop', async (t) => {
  const service = await serveByNpm(t, 'npm', ['start'], true);
  service.signal('SIGINT');
  const { stdout, code } = await service.ended;
  t.equal(code, 0);
  t.equal(stops(stdout), 1);
  t.notMatch(stdout, 'second signal');
});

t.test('A second signal ends the process at once', async (t) => {
  for (const first of ['SIGTERM', 'SIGQUIT'] as const) {
    const service = await serve(t, { DATA_DIR: await temporaryFolder(t), SHUTDOWN_DELAY: '60' });
    service.signal(first);
    await until(() => stops(service.stdout()) === 1);
    service.signal('SIGINT');
    t.match(await service.ended, {
      code: 1,
      stdout: /"signal":"SIGINT".*The process ends at once because of a second signal/,
    });
  }
});

t.test('A service without a terminal ignores SIGHUP, and says so', async (t) => {
  const service = await serve(t, { DATA_DIR: await temporaryFolder(t) });
  service.signal('SIGHUP');
  await until(() => service.stdout().includes('SIGHUP was ignored'));
  t.ok(await isAnswered(service.url));
  t.equal(stops((await service.stop()).stdout), 1);
});

t.test('A service in a terminal stops when the terminal closes', async (t) => {
  const program = '/usr/bin/script';
  // The options of util-linux: BSD has others.
  if (!existsSync(program) || !/util-linux/.test(spawnSync(program, ['--version']).stdout.toString())) {
    t.pass('nothing here makes a terminal');
    return;
  }
  const DATA_DIR = await temporaryFolder(t);
  const output = join(DATA_DIR, 'typescript');
  const command = `echo '"pid":'$$; exec '${process.execPath}' '${bin}' serve`;
  const terminal = spawn(program, ['-qefc', command, output], {
    env: childEnvironment({ DATA_DIR, PORT: '0' }),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => void terminal.kill('SIGKILL'));
  terminal.stdout.resume();
  const printed = () => readFile(output, 'utf8').catch(() => '');
  await until(async () => /Latchkey listens on http/.test(await printed()));
  const pid = pidOf(await printed());
  t.teardown(() => void spawnSync('sh', ['-c', `kill -KILL ${pid} 2>/dev/null`]));
  const [, url = ''] = /Latchkey listens on (http:\S+)/.exec(await printed()) ?? [];
  t.ok(await isAnswered(url));
  // The kernel hangs the terminal up.
  terminal.kill('SIGKILL');
  await until(async () => !(await isAnswered(url)));
  await until(() => !existsSync(`/proc/${pid}`));
  t.notOk(await isAnswered(url));
});
