/** Starts services whose output a test can stop reading. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants, openSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { bin, childEnvironment, temporaryFolder, type Variables } from './child.ts';
import { createMigratedDatabase } from './database.ts';
import { PUBLIC_URL, type Teardown } from './helper.ts';
import { testSigningKey } from './tokens.ts';
import { until } from './until.ts';

/** Timeout of a request on a busy machine. */
const REQUEST_TIMEOUT_MS = 10_000;

/** A service whose output is read or not. */
interface Heard {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly stopReading: () => void;
  readonly readOn: () => void;
}

/** Each kind of output that may be left unread. */
export const outputs: Record<string, (t: Teardown, env: Variables) => Promise<Heard>> = {
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
    // `script` makes a terminal, and types its input there.
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
  t.teardown(() => {
    child.kill('SIGKILL');
    // A reader that has stopped never sees the end of the output.
    stream.destroy();
  });
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

/** Starts a service in production, and waits until it has printed all lines of its start. */
export async function startHeard(t: Teardown, kind: (typeof outputs)[string]) {
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
    find(/Latchkey listens on (http:\/\/[\w.:]+)/),
    find(/Metrics: (http:\S+\/metrics)/),
  ];
  const pid = Number(find(/"pid":(\d+)/));
  // fetch does not let a caller choose the Host header, which is the part of a log line that clients fill.
  const get = async (address: string, host?: string) => {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const asked = request(address, { signal, ...(host !== undefined && { headers: { host } }) }).end();
    const [response]: IncomingMessage[] = await once(asked, 'response');
    return { status: response?.statusCode, body: response === undefined ? '' : await readText(response) };
  };
  const stop = () => process.kill(pid, 'SIGTERM');
  return {
    ...heard,
    url,
    get: (path: string, host?: string) => get(url + path, host),
    metrics: () => get(metrics),
    stop,
    ended,
  };
}

export type HeardService = Awaited<ReturnType<typeof startHeard>>;
