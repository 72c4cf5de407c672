/**
 * A log driver that has stopped reading, while requests continue.
 *
 * @runs once, on SQLite: it tests standard output.
 */
import t from 'tap';
import { outputs, startHeard } from '../heard.ts';
import { PASSWORD } from '../helper.ts';
import { until } from '../until.ts';
import { describeBystanders, refusedBystanders, watchBystanders, watchCalm } from './bystanders.ts';

/** Number of requests that fill the log, at 4 KB per line: more than the buffer holds. */
const REQUESTS = 600;

const json = { 'content-type': 'application/json' };

for (const [kind, begin] of Object.entries(outputs))
  t.test(`Requests are served while the output is ${kind} without a reader`, async (t) => {
    const service = await startHeard(t, begin);
    const token = await signedIn(service.url);
    const calm = await watchCalm(service.url, token);

    service.stopReading();
    const bystanders = await watchBystanders(service.url, token);
    for (let number = 0; number < REQUESTS; number++) await service.get('/', 'a'.repeat(3_900));
    const seen = await bystanders.stop();
    t.comment(describeBystanders(calm, seen));
    t.strictSame([...new Set(refusedBystanders(seen))], [], 'nobody is refused');

    service.stop();
    t.strictSame(await service.ended, [0, null], 'and it ends when it is told to');
  });

async function signedIn(url: string): Promise<string> {
  const ada = { email: 'ada@example.com', password: PASSWORD };
  const ask = (path: string, body: unknown) =>
    fetch(url + path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  // A process that has just started may be busy with its schemas.
  await until(async () => (await ask('/register', { name: 'Ada', ...ada })).status === 201);
  const { accessToken }: { accessToken: string } = JSON.parse(await (await ask('/login', ada)).text());
  return accessToken;
}
