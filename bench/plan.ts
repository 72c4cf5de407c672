/**
 * `npm run bench:plan`: estimates the resources for 10 thousand, 1 million and 100 million users from the
 * cost of single operations. The tables of docs/operations/scaling.md are its output.
 *
 *   npm run bench:plan                  prints them
 *   npm run bench:plan -- --write       writes them into docs/operations/scaling.md
 *   npm run bench:plan -- --measure     measures the costs again first (minutes, on a quiet machine), and
 *   writes
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { readCosts, saveCosts } from './planning/costs.ts';
import { describePlan, fillIn } from './planning/tables.ts';

const document = 'docs/operations/scaling.md';

const { values: options } = parseArgs({
  options: { write: { type: 'boolean', default: false }, measure: { type: 'boolean', default: false } },
});

if (options.measure) {
  const { measure } = await import('./planning/measure.ts');
  const costs = await measure((text) => process.stderr.write(`${text}\n`));
  const machine = `${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  saveCosts({ measuredAt: new Date().toISOString().slice(0, 10), machine, costs });
}
const tables = describePlan(readCosts());
if (options.write || options.measure) writeFileSync(document, fillIn(readFileSync(document, 'utf8'), tables));
else for (const text of Object.values(tables)) process.stdout.write(`${text}\n\n`);
