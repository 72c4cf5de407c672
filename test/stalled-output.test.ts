/**
 * Whoever reads the output of the service may stop reading: a log driver that is blocked, `less`, Ctrl-S. The service goes on.
 *
 * @runs once, on SQLite: it is about the process.
 */
import t from 'tap';
import { type HeardService, outputs, startHeard } from './heard.ts';
import { until } from './until.ts';

/** Requests whose lines are more than waits for a reader, at 4 KB each. */
const REQUESTS = 400;

/** Sends requests whose lines in the log are long. @throws when one gets no answer */
async function ask({ get }: HeardService, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await get(`/nowhere/${number}/${'a'.repeat(3_900)}`);
}

/** The numbers of the requests that are in the log. */
function logged(text: string): number[] {
  return [...text.matchAll(/"url":"\/nowhere\/(\d+)\/a+"/g)].map(([, number]) => Number(number));
}

const isLine = (line: string) => line.trim() === '' || typeof JSON.parse(line) === 'object';

for (const [kind, begin] of Object.entries(outputs)) {
  t.test(`${kind} that nobody reads keeps nobody waiting, and says what was lost`, async (t) => {
    const service = await startHeard(t, begin);
    service.stopReading();
    await ask(service, REQUESTS);
    t.equal((await service.get('/health/live')).status, 200);
    const { body } = await service.metrics();
    const dropped = Number(/^latchkey_log_lines_dropped_total (\d+)$/m.exec(body)?.[1]);
    t.ok(dropped > 50 && dropped < REQUESTS, `${dropped} were dropped`);

    service.readOn();
    const report = () =>
      /"level":40,.*"lines":(\d+),"msg":"Log lines were dropped/.exec(service.text());
    await until(() => report() !== null);
    t.equal(Number(report()?.[1]), dropped);
    const kept = logged(service.text());
    t.ok(REQUESTS - kept.length <= dropped, 'nothing else is missing');
    t.strictSame(kept, [...kept.keys()], 'the oldest are kept, whole and in order');
    t.ok(service.text().indexOf('were dropped') > service.text().indexOf(`/nowhere/${kept.length - 1}/`));

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

  t.test(`${kind} that nobody reads keeps the service from no end`, async (t) => {
    const service = await startHeard(t, begin);
    service.stopReading();
    await ask(service, 100);
    service.stop();
    t.strictSame(await service.ended, [0, null]);
  });
}
