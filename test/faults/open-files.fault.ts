/**
 * An unauthenticated caller who opens more connections than the process may have open files.
 *
 * @runs once, on SQLite: it is about connections.
 */
import t from 'tap';
import { type Ended, serve } from '../child.ts';
import { createCluster } from '../processes/cluster.ts';
import { until } from '../until.ts';
import { flood } from './attackers.ts';
import { describeBystanders, refusedBystanders, watchBystanders, watchCalm } from './bystanders.ts';

const OPEN_FILES = 400;
const CONNECTIONS = 420;

/** Bytes that each connection sends: none, or the beginning of a request. */
const beginnings = { 'that say nothing': '', 'with half a request': 'GET / HTTP/1.1\r\nHost: ' };

for (const [name, bytes] of Object.entries(beginnings))
  t.test(
    `The service survives ${CONNECTIONS} connections ${name} with a limit of ${OPEN_FILES} open files`,
    async (t) => {
      const cluster = await createCluster(t, { RATE_LIMIT: '0' });
      const maker = await cluster.start();
      const { token } = await cluster.person(maker, 1);
      await maker.stop();
      const service = await serve(t, cluster.variables, undefined, OPEN_FILES);
      const calm = await watchCalm(service.url, token);

      const bystanders = await watchBystanders(service.url, token);
      const attackers = flood(service.url, { connections: CONNECTIONS, bytes, times: 1, turns: 2 });
      let end: Ended | undefined;
      const ended = service.ended.then((how) => {
        end = how;
      });
      await Promise.race([attackers, ended]);
      const seen = await bystanders.stop();

      t.comment(describeBystanders(calm, seen));
      t.equal(end, undefined, 'the process lives');
      t.strictSame([...new Set(refusedBystanders(seen))], [], 'those who were there before are not refused');
      // The process may still be closing the connections of the attackers.
      const comeIn = () =>
        service.ask('GET', '/me', { token }).then(
          ({ status }) => status === 200,
          () => false,
        );
      await until(comeIn);
      t.pass('afterwards others come in');
      await service.stop();
    },
  );
