/**
 * Runs commands of `latchkey`, one after the other, for the tests that are not about the process itself
 * (command-host.ts starts it). A command in a process of its own takes half a second, nearly all of it for
 * the load of the service.
 */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { main } from '#latchkey/cli/index.ts';

/** A command, as the parent process sends it. */
export interface Command {
  readonly args: readonly string[];
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
  readonly cwd: string;
  /** Printed to both outputs behind the output of the command. */
  readonly endMark: string;
}

/** Sent when a command has ended. */
export interface CommandEnd {
  readonly code: number;
  /** The resources that would have kept a process of the command's own alive. */
  readonly left: readonly string[];
}

/** Milliseconds in which a command that has ended must release its resources. */
const RELEASE_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 2;

/** A resource that measures the event loop and does not keep the process alive. */
const UNHELD = 'IntervalHistogram';

// Each command adds a listener. Both outputs are opened now, or the first command would leave them open.
for (const output of [process.stdout, process.stderr]) output.setMaxListeners(0);

process.on('message', (command: Command) => void run(command));
process.on('disconnect', () => process.exit());

async function run({ args, environment, input, cwd, endMark }: Command): Promise<void> {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(cwd);
  Object.defineProperty(process, 'stdin', {
    value: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    configurable: true,
  });
  process.exitCode = undefined;
  const before = process.getActiveResourcesInfo();
  await main([process.execPath, 'latchkey', ...args]);
  const left = await whatIsLeft(before);
  const end: CommandEnd = { code: Number(process.exitCode ?? 0), left };
  process.stdout.write(endMark);
  process.stderr.write(endMark);
  process.send?.(end);
}

async function whatIsLeft(before: readonly string[]): Promise<string[]> {
  const deadline = performance.now() + RELEASE_TIMEOUT_MS;
  for (;;) {
    const left = process.getActiveResourcesInfo().filter((name) => name !== UNHELD);
    for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(POLL_INTERVAL_MS);
  }
}
