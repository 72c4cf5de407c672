/**
 * Whoever reads the output of the service may stop reading: a log driver that is blocked, `less`, Ctrl-S. The service goes on.
 *
 * @runs once, on SQLite: it is about the process.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import t from 'tap';
import { bin, childEnvironment, temporaryFolder, type Variables } from './child.ts';
import { createMigratedDatabase } from './database.ts';
import { PUBLIC_URL, type Teardown } from './helper.ts';
import { testSigningKey } from './tokens.ts';
import { until } from './until.ts';

/** Milliseconds in which a request is answered, on a machine that is busy. */
const PATIENCE_MS = 10_000;

/** Requests whose lines are more than waits for a reader, at 4 KB each. */
const REQUESTS = 400;

/** A service whose output is read, or not. */
interface Heard {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly stopReading: () => void;
  readonly readOn: () => void;
}

/** Each kind of output that can be left unread. */
const kinds: Record<string, (t: Teardown, env: Variables) => Promise<Heard>> = {
  'a pipe': async (t, env) => {
    const path = join(await temporaryFolder(t), 'pipe');
    await once(spawn('mkfifo', [path]), 'exit');
    const child = spawn('sh', ['-c', `exec ${command} > "$PIPE"`], {
      env: { ...env, PIPE: path },
      stdio: quiet,
    });
    const file = openSync(path, constants.O_RDONLY);
    return hear(t, child, new Socket({ fd: file, readable: true, writable: false }));
  },
  'a socket': async (t, env) => {
    const child = spawn('sh', ['-c', `exec ${command}`], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    return hear(t, child, child.stdout);
  },
  'a terminal': async (t, env) => {
    // It makes a terminal, and types there what it is given.
    const child = spawn('script', ['-qec', `exec ${command}`, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [ctrlS, ctrlQ] = ['\u0013', '\u0011'];
    return {
      ...hear(t, child, child.stdout),
      stopReading: () => void child.stdin.write(ctrlS),
      readOn: () => void child.stdin.write(ctrlQ),
    };
  },
};
const command = `'${process.execPath}' '${bin}' serve`;
const quiet: StdioOptions = ['ignore', 'ignore', 'inherit'];

function hear(t: Teardown, child: ChildProcess, stream: Readable): Heard {
  t.teardown(() => void child.kill('SIGKILL'));
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return {
    child,
    text: () => text,
    stopReading: () => void stream.pause(),
    readOn: () => void stream.resume(),
  };
}

async function start(t: Teardown, kind: (typeof kinds)[string]) {
  const { url: DATABASE_URL } = await createMigratedDatabase(t);
  const env = childEnvironment({
    // JSON lines, also in a terminal.
    NODE_ENV: 'production',
    SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: testSigningKey.pem,
    DATABASE_URL,
    DATA_DIR: await temporaryFolder(t),
    PUBLIC_URL,
    PORT: '0',
    METRICS_PORT: '0',
    RATE_LIMIT: '0',
  });
  const heard = await kind(t, { ...env, TERM: 'xterm' });
  const ended = once(heard.child, 'exit');
  const find = (pattern: RegExp) => pattern.exec(heard.text())?.[1] ?? '';
  await until(() => find(/(was created|There is no admin)/) !== '');
  const [url, metrics] = [
    find(/Latchkey listens on (http:\/\/[\d.:]+)/),
    find(/Metrics: (http:\S+\/metrics)/),
  ];
  const pid = Number(find(/"pid":(\d+)/));
  const get = async (address: string) => {
    const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: response.status, body: await response.text() };
  };
  const stop = () => process.kill(pid, 'SIGTERM');
  return { ...heard, get: (path: string) => get(url + path), metrics: () => get(metrics), stop, ended };
}

type Started = Awaited<ReturnType<typeof start>>;

/** Sends requests whose lines in the log are long. @throws when one gets no answer */
async function ask({ get }: Started, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await get(`/nowhere/${number}/${'a'.repeat(3_900)}`);
}

/** The numbers of the requests that are in the log. */
function logged(text: string): number[] {
  return [...text.matchAll(/"url":"\/nowhere\/(\d+)\/a+"/g)].map(([, number]) => Number(number));
}

const isLine = (line: string) => line.trim() === '' || typeof JSON.parse(line) === 'object';

for (const [kind, begin] of Object.entries(kinds)) {
  t.test(`${kind} that nobody reads keeps nobody waiting, and says what was lost`, async (t) => {
    const service = await start(t, begin);
    service.stopReading();
    await ask(service, REQUESTS);
    t.equal((await service.get('/health/live')).status, 200);
    const { body } = await service.metrics();
    const dropped = Number(/^latchkey_log_lines_dropped_total (\d+)$/m.exec(body)?.[1]);
    t.ok(dropped > 50 && dropped < REQUESTS, `${dropped} were dropped`);

    service.readOn();
    const report = () =>
      /"level":40,.*"lines":(\d+),"msg":"Lines of the log were dropped/.exec(service.text());
    await until(() => report() !== null);
    t.equal(Number(report()?.[1]), dropped);
    const kept = logged(service.text());
    t.ok(REQUESTS - kept.length <= dropped, 'nothing else is missing');
    t.strictSame(kept, [...kept.keys()], 'the oldest are kept, whole and in order');
    t.ok(service.text().indexOf('were dropped') > service.text().indexOf(`/nowhere/${kept.length - 1}/`));

    service.stopReading();
    await ask(service, 100);
    service.stop();
    service.readOn();
    t.strictSame(await service.ended, [0, null]);
    await until(() => service.text().includes('was told to stop'));
    const all = [...kept.keys(), ...Array(100).keys()];
    t.strictSame(logged(service.text()), all, 'the last lines are there');
    t.ok(service.text().split('\n').every(isLine), 'no line is broken');
  });

  t.test(`${kind} that nobody reads keeps the service from no end`, async (t) => {
    const service = await start(t, begin);
    service.stopReading();
    await ask(service, 100);
    service.stop();
    t.strictSame(await service.ended, [0, null]);
  });
}
