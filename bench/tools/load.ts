/** The load: wrk where it is installed, for it costs least, otherwise autocannon; on a core of its own. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Contender, LOAD_CORE, onCore } from './contender.ts';

const run = promisify(execFile);

/** As many as the targets speak of. */
const CONNECTIONS = 64;

/** What a turn came to. */
export interface Load {
  /** Requests in a second. */
  readonly rate: number;
  /** Milliseconds in which 99 of 100 were answered. */
  readonly p99: number;
}

export const generator = spawnSync('wrk', ['-v']).error === undefined ? 'wrk' : 'autocannon';

/**
 * Asks a contender for its page, with its tokens in turn, for some seconds.
 *
 * @throws {Error} when an answer is not a 200: whoever refuses is fast
 */
export async function load(
  { url, tokens }: Contender,
  seconds: number,
  connections = CONNECTIONS,
): Promise<Load> {
  const script =
    generator === 'wrk' ? wrkScript(tokens) : autocannonScript(url, tokens, seconds, connections);
  const command =
    generator === 'wrk'
      ? ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url]
      : [process.execPath, script];
  const [file = '', ...args] = onCore(LOAD_CORE, command);
  const { stdout } = await run(file, args, { maxBuffer: 1e8 });
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

function wrkScript(tokens: readonly string[]): string {
  return save(
    'load.lua',
    `
local tokens = {${tokens.map((token) => `'${token}'`).join(',')}}
local requests, at = {}, 0
function init(args)
  for i, token in ipairs(tokens) do
    requests[i] = wrk.format('GET', nil, { ['Authorization'] = 'Bearer ' .. token, ['Host'] = '127.0.0.1' })
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local errors = summary.errors
  print(string.format('\\n{"rate":%f,"p99":%f,"failed":%d}', summary.requests / summary.duration * 1e6,
    latency:percentile(99) / 1000, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end`,
  );
}

function autocannonScript(
  url: string,
  tokens: readonly string[],
  seconds: number,
  connections: number,
): string {
  const headers = tokens.map((token) => ({ headers: { authorization: `Bearer ${token}` } }));
  return save(
    'load.mjs',
    `
import autocannon from ${JSON.stringify(resolve('bench/contenders/node_modules/autocannon/autocannon.js'))};
const result = await autocannon({ url: ${JSON.stringify(url)}, connections: ${connections}, duration: ${seconds}, requests: ${JSON.stringify(headers)} });
console.log('\\n' + JSON.stringify({ rate: result.requests.total / result.duration, p99: result.latency.p99, failed: result.non2xx + result.errors }));`,
  );
}
