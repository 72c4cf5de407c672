/**
 * Runs test files one after the other in this process, each as a subtest with its path as name. The runner
 * starts this program. It saves the load time of tap and of the service, which is longer than most files.
 *
 * node test/run-files.ts SECONDS FILE...
 *
 * SECONDS is the time limit of each file; 0 means no limit.
 */
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { setFileTest } from './file-tap.ts';
import { processorSeconds } from './processor-time.ts';
import { noteFile } from './secret-log.ts';
import { PROCESSOR_TIME } from './tap-report.ts';

/** Milliseconds in which resources that a file has closed must be released. */
const RELEASE_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 20;
const SECOND_MS = 1000;

/** A resource that measures the event loop and does not keep the process alive. */
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

// The first file pays for the start of the process.
let used = 0;
for (const [file, url] of urls) {
  const before = process.getActiveResourcesInfo();
  await t.test(file, { timeout: Number(seconds) * SECOND_MS }, async (t) => {
    // tap builds the name from all arguments, which is longer than a file name may be.
    t.testdirName = resolve('.tap/fixtures', `${process.pid}-${file.replaceAll('/', '-')}`);
    noteFile(file);
    setFileTest(t);
    await import(url);
  });
  const left = await whatIsLeft(before);
  if (left.length > 0) t.fail(`${file} > left open: ${left.join(', ')}`);
  const usedSince = processorSeconds();
  if (usedSince === undefined) continue;
  t.comment(`${PROCESSOR_TIME}${(usedSince - used).toFixed(2)}`);
  used = usedSince;
}
t.end();
// Resources that a file has left open would keep the process alive.
if (!t.passing()) process.exit(1);

/**
 * Lists the names of the new resources that keep the process alive, after the closing ones have been
 * released.
 */
async function whatIsLeft(before: readonly string[]): Promise<string[]> {
  const deadline = performance.now() + RELEASE_TIMEOUT_MS;
  for (;;) {
    const left = process.getActiveResourcesInfo().filter((name) => name !== UNHELD);
    for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
    if (left.length === 0 || performance.now() > deadline) return left;
    await pause(POLL_INTERVAL_MS);
  }
}
