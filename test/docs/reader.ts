/** Runs the code blocks of a page, in order, in a copy of the checkout. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Environment } from '#latchkey/config/index.ts';
import { childEnvironment, type Service, serve, serveBy, temporaryFolder } from '../child.ts';
import { freePort } from '../postgres-server.ts';
import { copyCheckout } from './checkout.ts';
import { type Block, blocksOf } from './markdown.ts';
import { type Shell, startShell } from './shell.ts';

/** Blocks that start a service. It runs until the next one starts. test/packaging tests `npm ci`. */
const services: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'npm ci && npm start': [['npm', 'start']],
  'npm run build && node app.ts': [
    ['npm', 'run', '--silent', 'build'],
    ['node', 'app.ts'],
  ],
};

/** Masks the values that differ between runs: ids, times, the port. */
function comparable(text: string): unknown {
  const masked = text
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<="requestId":")[0-9a-f]{24}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/(?:127\.0\.0\.1|localhost):\d+/g, '<host>')
    .trim();
  return masked.startsWith('{') ? JSON.parse(masked) : masked;
}

/** Runs the blocks of a page as a reader does. */
class Reader {
  readonly #t: Test;
  readonly #folder: string;
  readonly #environment: Record<string, string>;
  readonly #shell: Shell;
  #service: Service | undefined;
  #printed: string | undefined;

  constructor(t: Test, folder: string, port: number, cache: string) {
    this.#t = t;
    this.#folder = folder;
    // A separate folder for npx: an incomplete link to this package in a shared one would fail for ever.
    this.#environment = childEnvironment({ PORT: String(port), LOG_LEVEL: 'info', npm_config_cache: cache });
    this.#shell = startShell(t, folder, this.#environment);
  }

  async follow({ language, text }: Block): Promise<void> {
    const code = text.replaceAll('http://localhost:3000', `http://localhost:${this.#environment.PORT}`);
    if (language === 'json' || language === 'text') return this.#compare(text);
    if (language === 'ts' || language === 'js') return this.#save(code);
    if (language !== 'sh') throw new Error(`Nothing runs a block of ${language}`);
    const commands = services[code.trim()];
    if (commands !== undefined) return this.#serve(commands);
    if (code.startsWith('docker ')) return checkDocker(this.#t, code);
    this.#printed = await this.#shell.run(code);
  }

  /** Compares what the block before has printed. */
  #compare(said: string): void {
    this.#t.strictSame(comparable(this.#printed ?? 'nothing'), comparable(said));
    this.#printed = undefined;
  }

  /** Saves a block under the name in its first line. */
  async #save(code: string): Promise<void> {
    const [, name] = /^\/\/ (\S+)\n/.exec(code) ?? [];
    if (name === undefined) throw new Error(`A block has no name: ${code}`);
    await writeFile(join(this.#folder, name), code);
  }

  /** Stops the service, runs commands, and starts the last of them as the next service. */
  async #serve(commands: readonly (readonly string[])[]): Promise<void> {
    await this.#service?.stop();
    for (const command of commands.slice(0, -1)) await this.#shell.run(command.join(' '));
    const [program = '', ...args] = commands.at(-1) ?? [];
    this.#service = await serveBy(this.#t, program, args, {
      cwd: this.#folder,
      environment: this.#environment,
    });
    this.#t.pass(`${program} ${args.join(' ')} serves`);
  }
}

/** Checks commands of Docker without Docker: the file of the image, and a service with its variables. */
async function checkDocker(t: Test, code: string): Promise<void> {
  const [, file = ''] = / -f (\S+)/.exec(code) ?? [];
  const dockerfile = readFileSync(file, 'utf8');
  const [, image = 'none'] = / -t (\S+) /.exec(code) ?? [];
  t.match(code, new RegExp(` ${image}\n$`), 'the image that was built runs');
  const given = [...code.matchAll(/ -e (\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]);
  for (const [name = ''] of given) t.hasOwnProp(Environment.properties, name);
  const ofImage = [...dockerfile.matchAll(/^ENV (.+)$/gm)].flatMap(([, pairs = '']) =>
    pairs.split(' ').map((pair) => pair.split('=')),
  );
  const variables: Record<string, string> = Object.fromEntries([...ofImage, ...given]);
  const [, volume = 'none'] = / -v \w+:(\S+)/.exec(code) ?? [];
  t.equal(volume, variables.DATA_DIR, 'the data is in the volume');
  const [, port = 'none'] = / -p 127\.0\.0\.1:\d+:(\d+)/.exec(code) ?? [];
  t.equal(port, variables.PORT);
  const service = await serve(t, { ...variables, DATA_DIR: await temporaryFolder(t), PORT: '0' });
  t.equal((await service.ask('GET', '/health/live')).status, 200);
  await service.stop();
}

/** Runs the blocks of a page in a copy of the checkout. */
export async function followPage(t: Test, page: string): Promise<void> {
  const blocks = blocksOf(page);
  const reader = new Reader(t, await copyCheckout(t), await freePort(), await temporaryFolder(t));
  for (const block of blocks) await reader.follow(block);
  t.ok(blocks.length > 10, `${blocks.length} blocks`);
}
