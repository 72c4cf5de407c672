/**
 * Tests a service whose output is no longer read: by a blocked log driver, `less` or Ctrl-S. The service
 * continues.
 *
 * @runs once, on SQLite: it tests the process.
 */
import t from 'tap';
import { type HeardService, outputs, startHeard } from './heard.ts';
import { until } from './until.ts';

/** Requests whose lines, at 4 KB each, are more than may wait for a reader. */
const MANY_REQUESTS = 400;

/**
 * Sends requests with long log lines.
 *
 * @throws when one gets no answer
 */
async function ask({ get }: HeardService, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await get('/', `${number}.${'a'.repeat(3_900)}`);
}

/** Returns the numbers of the requests in the log. */
function logged(text: string): number[] {
  return [...text.matchAll(/"host":"(\d+)\.a+"/g)].map(([, number]) => Number(number));
}

const isLine = (line: string) => line.trim() === '' || typeof JSON.parse(line) === 'object';

for (const [kind, begin] of Object.entries(outputs)) {
  t.test(`Requests do not wait for ${kind} that is not read, and lost lines are counted`, async (t) => {
    const service = await startHeard(t, begin);
    service.stopReading();
    await ask(service, MANY_REQUESTS);
    t.equal((await service.get('/health/live')).status, 200);
    const { body } = await service.metrics();
    const dropped = Number(/^latchkey_log_lines_dropped_total (\d+)$/m.exec(body)?.[1]);
    t.ok(dropped > 50 && dropped < MANY_REQUESTS, `${dropped} were dropped`);

    service.readOn();
    const report = () => /"level":40,.*"lines":(\d+),"msg":"Log lines were dropped/.exec(service.text());
    await until(() => report() !== null);
    t.equal(Number(report()?.[1]), dropped);
    const kept = logged(service.text());
    t.ok(MANY_REQUESTS - kept.length <= dropped, 'nothing else is missing');
    t.strictSame(kept, [...kept.keys()], 'the oldest are kept, whole and in order');
    t.ok(service.text().indexOf('were dropped') > service.text().indexOf(`"host":"${kept.length - 1}.`));

    service.stopReading();
    await ask(service, 100);
    service.stop();
    service.readOn();
    t.strictSame(await service.ended, [0, null]);
    await until(() => service.text().includes('was told to stop'));
    const all = [...kept.keys(), ...Array(100).keys()];
    t.strictSame(logged(service.text()), all, 'the last lines are there');
    t.ok(service.text().split('\n').every(isLine), 'no line is broken');
  });

  t.test(`The service ends although ${kind} is not read`, async (t) => {
    const service = await startHeard(t, begin);
    service.stopReading();
    await ask(service, 100);
    service.stop();
    t.strictSame(await service.ended, [0, null]);
  });
}
