/** The event aggregator, with a connection that breaks during the write. */
import t from 'tap';
import { EventAggregator } from '#latchkey/audit/event-aggregator.ts';
import type { Db } from '#latchkey/db/client.ts';
import { openTrail, recorderOf } from './trail.ts';

const requestContext = { ip: '192.0.2.1', userAgent: 'test', requestId: null };
const denial = { action: 'access.denied', actorId: null, targetId: null, requestContext } as const;

/**
 * Makes a database whose connection breaks at the end of each transaction: before its COMMIT, or after it.
 */
function breaking(db: Db, when: 'before' | 'after'): Db {
  const broken = () => new Error('Connection terminated unexpectedly');
  const transaction: Db['transaction'] = async (work, options) => {
    await db.transaction(async (tx) => {
      const value = await work(tx);
      if (when === 'before') throw broken();
      return value;
    }, options);
    throw broken();
  };
  return new Proxy(db, {
    get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name)),
  });
}

for (const when of ['before', 'after'] as const) {
  t.test(`A connection that breaks ${when} the commit neither loses nor doubles a count`, async (t) => {
    const { db } = await openTrail(t);
    const eventAggregator = new EventAggregator(await recorderOf(db));
    const written = async () => (await db.auditEvent.aggregate({ _sum: { count: true } }))._sum.count ?? 0;
    eventAggregator.add(denial);
    eventAggregator.add(denial);
    await t.rejects(eventAggregator.flush(breaking(db, when)));
    t.equal(await written(), when === 'before' ? 0 : 2);
    eventAggregator.add(denial);
    await eventAggregator.flush(db, true);
    t.equal(await written(), 3);
    await eventAggregator.flush(db, true);
    t.equal(await written(), 3);
  });
}
