/** Load generator: wrk if it is installed, because it costs least, else autocannon; on a separate core. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Contender, LOAD_CORE, onCore } from './contender.ts';

const run = promisify(execFile);

/** Number of connections in the targets. */
const CONNECTIONS = 64;

/** Result of a measurement. */
export interface Load {
  /** Answered requests. */
  readonly count: number;
  /** Requests per second. */
  readonly rate: number;
  /** 99th percentile in milliseconds. */
  readonly p99: number;
}

/** Tokens in the lines of a file. */
export interface TokenFile {
  readonly file: string;
  /** Index of the first one to use, from 0. */
  readonly first: number;
  /** Requests per token before the next one. */
  readonly times: number;
}

/** Target of the load: a contender, or one whose tokens are in a file. */
export interface LoadTarget extends Pick<Contender, 'url'> {
  readonly tokens: readonly string[] | TokenFile;
}

export const generator = spawnSync('wrk', ['-v']).error === undefined ? 'wrk' : 'autocannon';

/**
 * Requests a contender's page for some seconds, with its tokens in turn.
 *
 * @throws {Error} when an answer is not a 200: a refusal would be fast
 */
export async function load(
  { url, tokens }: LoadTarget,
  seconds: number,
  connections = CONNECTIONS,
): Promise<Load> {
  const source =
    'file' in tokens ? tokens : { file: save('tokens', `${tokens.join('\n')}\n`), first: 0, times: 1 };
  const script =
    generator === 'wrk' ? wrkScript(source) : autocannonScript(url, source, seconds, connections);
  const command =
    generator === 'wrk'
      ? ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url]
      : [process.execPath, script];
  const [program = '', ...args] = onCore(LOAD_CORE, command);
  const { stdout } = await run(program, args, { maxBuffer: 1e8 });
  const result = JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1));
  if (result.failed > 0 || !(result.rate > 0))
    throw new Error(`${url}: ${result.failed} of the answers were no 200`);
  return result;
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-load-'));
const scripts = new Map<string, string>();

function save(name: string, text: string): string {
  const known = scripts.get(text);
  if (known !== undefined) return known;
  const file = join(folder, `${scripts.size}-${name}`);
  writeFileSync(file, text);
  scripts.set(text, file);
  return file;
}

function wrkScript({ file, first, times }: TokenFile): string {
  return save(
    'load.lua',
    `
local requests, asked = {}, ${first * times}
function init(args)
  for token in io.lines('${file}') do
    requests[#requests + 1] = wrk.format('GET', nil, { ['Authorization'] = 'Bearer ' .. token, ['Host'] = '127.0.0.1' })
  end
end
function request()
  asked = asked + 1
  return requests[math.floor((asked - 1) / ${times}) % #requests + 1]
end
function done(summary, latency)
  local errors = summary.errors
  print(string.format('\\n{"rate":%f,"count":%d,"p99":%f,"failed":%d}', summary.requests / summary.duration * 1e6, summary.requests,
    latency:percentile(99) / 1000, errors.status + errors.connect + errors.read + errors.write))
end`,
  );
}

function autocannonScript(
  url: string,
  { file, first, times }: TokenFile,
  seconds: number,
  connections: number,
): string {
  return save(
    'load.mjs',
    `
import { readFileSync } from 'node:fs';
import autocannon from ${JSON.stringify(resolve('bench/contenders/node_modules/autocannon/autocannon.js'))};
const lines = readFileSync(${JSON.stringify(file)}, 'utf8').trim().split('\\n');
const tokens = [...lines.slice(${first}), ...lines.slice(0, ${first})];
const requests = tokens.flatMap((token) => Array(${times}).fill({ headers: { authorization: 'Bearer ' + token } }));
const result = await autocannon({ url: ${JSON.stringify(url)}, connections: ${connections}, duration: ${seconds}, requests });
console.log('\\n' + JSON.stringify({ rate: result.requests.total / result.duration, count: result.requests.total, p99: result.latency.p99, failed: result.non2xx + result.errors }));`,
  );
}
