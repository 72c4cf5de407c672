/** Runs the product like its users, in separate processes, and checks that they print no secret. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { chown, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Environment } from '#latchkey/config/index.ts';
import { CommandHost } from './command-host.ts';
import { PASSWORD, type Teardown } from './helper.ts';
import { notePrinted, noteSecret, noteSecretsIn } from './secret-log.ts';

export const bin = resolve('bin/latchkey.js');

export type Variables = Record<string, string>;

const SECOND_MS = 1000;

/** The result of a process. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly variables?: Variables;
  /** All of standard input. */
  readonly input?: string;
  readonly cwd?: string;
  /** Texts that may be printed although they contain a password: the examples of the contract. */
  readonly known?: string;
  /** The program, in place of `bin/latchkey.js`. */
  readonly command?: string;
  /** The whole environment, in place of one with every variable. */
  readonly environment?: Variables;
  /**
   * True when the process gets its own process group, to which signals are sent, as a terminal does: npm does
   * not pass signals on.
   */
  readonly isGroup?: boolean;
  /** True for a test of the process: its start, its memory or its end. */
  readonly isOwnProcess?: boolean;
  /** True for `serve` that ends before it listens. It may then share the process of the commands. */
  readonly isRefused?: boolean;
}

/** A service that has printed where it listens. */
export interface Service {
  readonly url: string;
  readonly pid: number;
  readonly stdout: () => string;
  /** Sends a request with a JSON body, again when the process says that it is busy. */
  ask(method: string, path: string, options?: { token?: string; body?: unknown }): Promise<ServiceAnswer>;
  signal(name: NodeJS.Signals): void;
  /** Closes the reading end of its standard output. */
  deafen(): void;
  readonly ended: Promise<Ended>;
  /** Ends the service like an operator, and checks that it exits with 0. */
  stop(): Promise<Ended>;
}

export interface ServiceAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are held to the contract elsewhere
  readonly body: any;
}

/** Makes a folder that is removed when the test ends. */
export async function temporaryFolder(t: Teardown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-process-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const host = new CommandHost();

/**
 * Runs a command to its end. Commands share a process, which they find as a new one would be. A command that
 * begins before another one has ended gets a process of its own, and so do the service unless it is refused,
 * a command with options for Node.js, and each program, environment or process group that the test names.
 */
export async function latchkey(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { variables = {}, environment, command, isGroup, isOwnProcess, cwd = '.', known = '' } = options;
  const mayListen = args[0] === 'serve' && !options.isRefused;
  const isOfProcess = isGroup || command !== undefined || environment !== undefined;
  // Node.js reads its own variables when a process starts: NODE_OPTIONS, NODE_EXTRA_CA_CERTS.
  const isOfNode = Object.keys(variables).some((name) => /^NODE_(?!ENV$)/.test(name));
  const isOwn = isOwnProcess || isOfProcess || isOfNode;
  if (!isOwn && !host.isBusy && !mayListen) {
    const shared = { args, environment: childEnvironment(variables), input: options.input ?? '' };
    return checkEnded(await host.run({ ...shared, cwd: resolve(cwd) }), variables, known);
  }
  const { child, ended } = start(
    options.command ?? process.execPath,
    options.command ? args : [bin, ...args],
    options,
  );
  child.stdin.end(options.input ?? '');
  return ended;
}

/**
 * Returns a function that runs commands as a user who is not root: nothing is forbidden to root.
 *
 * @param folder in which the user may do everything that its modes allow; it gets the user as its owner
 * @returns undefined where that user may not enter this checkout
 */
export async function asOther(
  folder: string,
): Promise<((args: readonly string[], variables: Variables) => Promise<Ended>) | undefined> {
  if (process.getuid?.() !== 0) return (args, variables) => latchkey(args, { variables });
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, bin];
  if (spawnSync('setpriv', [...nobody, '--help']).status !== 0) return undefined;
  for (const path of [folder, ...(await readdir(folder)).map((name) => join(folder, name))])
    await chown(path, 65534, 65534);
  return (args, variables) => latchkey([...nobody, ...args], { variables, command: 'setpriv' });
}

/**
 * Starts `latchkey serve` on a free port and waits until it prints that it listens. It ends with the test.
 *
 * @param openFiles that it may have at most, connections included; by default the limit of this process
 */
export function serve(
  t: Teardown,
  variables: Variables,
  script: string = bin,
  openFiles?: number,
): Promise<Service> {
  const args = [process.execPath, ...(script === bin ? [bin, 'serve'] : [script])];
  const limit = openFiles === undefined ? [] : ['sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`];
  const [command = '', ...rest] = [...limit, ...args];
  return serveBy(t, command, rest, { variables: { PORT: '0', ...variables } });
}

/** Does the same with a command of the test's own. */
export async function serveBy(
  t: Teardown,
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Service> {
  const { child, ended, printed } = start(command, args, options);
  endWithUs(child.pid, ended);
  const signal = (name: NodeJS.Signals) => {
    if (options.isGroup && child.pid !== undefined) process.kill(-child.pid, name);
    else child.kill(name);
  };
  let hasEnded = false;
  const noteEnd = () => {
    hasEnded = true;
  };
  ended.then(noteEnd, noteEnd);
  t.teardown(async () => {
    if (!hasEnded) signal('SIGKILL');
    await ended;
  });
  const url = await new Promise<string>((found, reject) => {
    const look = () => {
      const match = /Latchkey listens on (http:[^\s"]+)(?=[\s"])/.exec(printed.stdout);
      if (match?.[1] === undefined) return;
      // A long log may come before it.
      child.stdout.off('data', look);
      found(match[1]);
    };
    child.stdout.on('data', look);
    ended.then(
      ({ code, stderr, stdout }) => reject(new Error(`It ended with ${code}: ${stderr}\n${stdout}`)),
      reject,
    );
  });
  return {
    url,
    pid: child.pid ?? 0,
    stdout: () => printed.stdout,
    ask: (method, path, options) => ask(method, url + path, options),
    signal,
    deafen: () => void child.stdout.destroy(),
    ended,
    stop: async () => {
      signal('SIGTERM');
      const end = await ended;
      if (end.code !== 0)
        throw new Error(`It ended with ${end.code ?? end.signal}: ${end.stderr}\n${end.stdout}`);
      return end;
    },
  };
}

/**
 * A shell that ends a service when this process has ended without doing so: by a crash, or by SIGKILL at the
 * timeout of a test.
 */
function endWithUs(pid: number | undefined, ended: Promise<unknown>): void {
  const shell = spawn('sh', ['-c', 'read -r line || kill -KILL "$0"', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const release = () => shell.stdin.end('\n');
  ended.then(release, release);
}

async function ask(
  method: string,
  url: string,
  options: { token?: string; body?: unknown } = {},
): Promise<ServiceAnswer> {
  const { token, body } = options;
  const response = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = text === '' ? undefined : JSON.parse(text);
  noteSecret(token);
  noteSecretsIn([body, answer]);
  // On a busy machine the event loop of a process is late, and it sheds load. Nothing was done.
  if (response.status === 503 && answer?.slug === 'busy') {
    await wait(Number(response.headers.get('retry-after')) * SECOND_MS);
    return ask(method, url, options);
  }
  return { status: response.status, body: answer };
}

/** Sets every variable, so that neither the developer's environment nor a `.env` has an effect. */
export function childEnvironment(variables: Variables = {}): Variables {
  const unset = Object.fromEntries(Object.keys(Environment.properties).map((name) => [name, '']));
  const { PATH = '', HOME = '', TMPDIR = tmpdir(), NODE_COMPILE_CACHE = '', NODE_V8_COVERAGE } = process.env;
  const coverage = NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE };
  return { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE, ...coverage, ...unset, ...variables };
}

function start(
  command: string,
  args: readonly string[],
  { variables = {}, environment, cwd, known = '', isGroup = false }: RunOptions,
) {
  const child = spawn(command, args, {
    env: environment ?? childEnvironment(variables),
    ...(cwd !== undefined && { cwd }),
    detached: isGroup,
  });
  // A command that fails before it reads its input is not a failure of the test.
  child.stdin.on('error', () => {});
  const printed = { stdout: '', stderr: '' };
  return { child, printed, ended: collect(child, printed, environment ?? variables, known) };
}

async function collect(
  child: ChildProcessWithoutNullStreams,
  printed: { stdout: string; stderr: string },
  variables: Variables,
  known: string,
): Promise<Ended> {
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text;
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((ended, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => ended([code, signal]));
  });
  return checkEnded({ code, signal, ...printed }, variables, known);
}

/** Checks what a process or a command has printed, and returns its result. */
async function checkEnded(ended: Ended, variables: Variables, known: string): Promise<Ended> {
  const all = (ended.stdout + ended.stderr).replace(known, '');
  const secrets = await secretsOf(variables);
  checkPrinted(all, secrets);
  notePrinted(all);
  for (const secret of secrets) noteSecret(secret);
  return ended;
}

const forbidden = [/\$argon2/, /eyJ[\w-]{20,}/, /-----BEGIN/];

/**
 * Checks the output of a process.
 *
 * @throws {Error} when a process printed a password, a token, a hash, a key or the secret
 */
export function checkPrinted(printed: string, secrets: readonly string[] = []): void {
  const found = [...forbidden.flatMap((pattern) => pattern.exec(printed)?.[0] ?? []), ...secrets];
  for (const secret of found) {
    const at = printed.indexOf(secret);
    if (at !== -1)
      throw new Error(`A process printed a secret: ${printed.slice(Math.max(0, at - 200), at + 200)}`);
  }
}

/** Lists the secrets of a process with these variables, which it must not print. */
async function secretsOf({ DATA_DIR, DATABASE_URL, SECRET, ADMIN_PASSWORD }: Variables): Promise<string[]> {
  const file = DATA_DIR === undefined ? '' : await readFile(join(DATA_DIR, 'secret'), 'utf8').catch(() => '');
  const password =
    DATABASE_URL?.startsWith('postgres') && URL.canParse(DATABASE_URL) ? new URL(DATABASE_URL).password : '';
  return [PASSWORD, file.trim(), password, SECRET ?? '', ADMIN_PASSWORD ?? ''].filter((text) => text !== '');
}
