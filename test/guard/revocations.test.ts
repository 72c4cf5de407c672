/** Tests what @latchkey/guard keeps of the feed, and for how long. */
import t from 'tap';
import { Revocations } from '../../packages/guard/src/revocations.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const began = 1_767_225_600_000;
const at = (monotonic: number, wall = monotonic) => ({ monotonic, wall: began + wall });
const session = { kind: 'session', id: 'session', until: (began + HOUR_MS) / 1_000 } as const;
const token = { sub: 'user', sid: 'session', gen: 0, iat: began / 1_000 };

t.test('A revocation is forgotten when its time and a minute have passed by both clocks', async (t) => {
  for (const [monotonic, wall, isKept] of [
    [HOUR_MS, HOUR_MS, true],
    [2 * HOUR_MS, HOUR_MS, true],
    [HOUR_MS, 2 * HOUR_MS, true],
    [HOUR_MS + MINUTE_MS, HOUR_MS + MINUTE_MS, false],
  ] as const) {
    const revocations = new Revocations(10);
    revocations.add({ entries: [session], time: began }, at(0));
    revocations.forget(at(monotonic, wall));
    t.equal(revocations.revokes(token), isKept, `${monotonic} and ${wall}`);
    t.equal(revocations.endsKey('session'), isKept);
  }
});

t.test('Of two entries of one user the higher generation and the later time count', async (t) => {
  const revocations = new Revocations(10);
  const until = (minutes: number) => (began + minutes * MINUTE_MS) / 1_000;
  const entries = [
    { kind: 'user', id: 'user', generation: 3, until: until(10) },
    { kind: 'user', id: 'user', generation: 2, until: until(20) },
  ] as const;
  revocations.add({ entries, time: began }, at(0));
  revocations.forget(at(15 * MINUTE_MS));
  t.ok(revocations.isBehind({ sub: 'user', gen: 2 }));
  t.notOk(revocations.isBehind({ sub: 'user', gen: 3 }));
});

t.test('What does not fit is no reason to forget', async (t) => {
  const revocations = new Revocations(1);
  const entries = [session, { ...session, id: 'other' }];
  revocations.add({ entries, time: began }, at(0));
  t.ok(revocations.hasOverflowed);
  t.ok(revocations.revokes(token));
  const { era } = revocations;
  revocations.clear();
  t.not(revocations.era, era, 'API keys are asked for anew');
});
