/**
 * `npm run bench`: measures Latchkey, compared with no guard and with alternatives. Servers run on one core
 * and the load on another. The contenders alternate, so that other work on the machine affects all of them
 * equally.
 *
 *   npm run bench -- guard login      only these parts; the others stay unchanged in
 *   bench/results/latest.json
 *   npm run bench -- --short          a minute, with the installed packages only; nothing is saved
 *
 * Exits with 1 when a target was missed, except with --short.
 */
import { parseArgs } from 'node:util';
import { consoleList } from './parts/console.ts';
import { firstSight } from './parts/first-sight.ts';
import { guard, manyTokens } from './parts/guard.ts';
import { guardedService } from './parts/guarded-service.ts';
import { idle } from './parts/idle.ts';
import { keys } from './parts/keys.ts';
import { loginFlood } from './parts/login-flood.ts';
import { me } from './parts/me.ts';
import { memory } from './parts/memory.ts';
import { refresh } from './parts/refresh.ts';
import { revocations, scale } from './parts/scale.ts';
import { signIn } from './parts/sign-in.ts';
import { size } from './parts/size.ts';
import { start } from './parts/start.ts';
import { timing } from './parts/timing.ts';
import { type Effort, isReached, type Part } from './tools/figures.ts';
import { describe, type Result, save } from './tools/report.ts';

const parts: readonly Part[] = [
  guard,
  manyTokens,
  keys,
  guardedService,
  firstSight,
  me,
  signIn,
  refresh,
  revocations,
  scale,
  consoleList,
  memory,
  start,
  idle,
  size,
  loginFlood,
  timing,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false } },
});
const chosen = parts.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0) throw new Error(`The parts are ${parts.map(({ name }) => name).join(', ')}`);

const results: Result[] = [];
const started = performance.now();
for (const part of chosen) {
  const effort: Effort = {
    rounds: values.short ? 3 : 7,
    seconds: 1,
    isShort: values.short,
    say: (text) => process.stderr.write(`${part.name}: ${text}\n`),
  };
  const began = performance.now();
  results.push({ part, figures: await part.measure(effort) });
  effort.say(`${Math.round((performance.now() - began) / 1000)} s`);
}
process.stdout.write(`${describe(results)}\n\nin ${Math.round((performance.now() - started) / 1000)} s\n`);
if (!values.short) save(results);
const isMissed = results.some(({ figures }) => figures.some((figure) => isReached(figure) === false));
process.exit(isMissed && !values.short ? 1 : 0);
