/**
 * Runs test files one after the other in this process, each as a subtest that has its path for a name. The runner starts it; each
 * start spares the others the load of tap and of the service, which takes longer than most files.
 *
 *   node test/run-files.ts SECONDS FILE...    SECONDS is the time that each file may take; 0 is as long as it likes
 */
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { noteFile } from './evidence.ts';
import { setFileTest } from './file-tap.ts';

/** Milliseconds that what a file has closed may take to be gone. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;
const SECOND_MS = 1000;

/** Measures the event loop, and keeps no process. */
const UNHELD = 'IntervalHistogram';

const [seconds, ...files] = process.argv.slice(2);
const urls = new Map(files.map((file) => [file, pathToFileURL(resolve(file)).href]));
const fileUrls = new Set<string | undefined>(urls.values());
const fileTap = import.meta.resolve('./file-tap.ts');

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    specifier === 'tap' && fileUrls.has(context.parentURL)
      ? { url: fileTap, shortCircuit: true }
      : nextResolve(specifier, context),
});

for (const [file, url] of urls) {
  const before = process.getActiveResourcesInfo();
  await t.test(file, { timeout: Number(seconds) * SECOND_MS }, async (t) => {
    // tap makes the name of all arguments, which is longer than names of files may be.
    t.testdirName = resolve('.tap/fixtures', `${process.pid}-${file.replaceAll('/', '-')}`);
    noteFile(file);
    setFileTest(t);
    await import(url);
  });
  const left = await whatIsLeft(before);
  if (left.length > 0) t.fail(`${file} > left open: ${left.join(', ')}`);
}
t.end();
// What a file has left open would keep the process.
if (!t.passing()) process.exit(1);

/** The names of the resources that keep the process and have come since, once those that are closing have gone. */
async function whatIsLeft(before: readonly string[]): Promise<string[]> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = process.getActiveResourcesInfo().filter((name) => name !== UNHELD);
    for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(PAUSE_MS);
  }
}
