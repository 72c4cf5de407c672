/** The verification finds all tampering from outside, and reports nothing that the service did itself. */

import t from 'tap';
import type { Finding } from '#latchkey/audit/chain-verifier.ts';
import { erasePersonalData } from '#latchkey/audit/erase.ts';
import { pruneEvents } from '#latchkey/audit/retention.ts';
import { type Db, rawSql } from '#latchkey/db/client.ts';
import { lowestIdOf, newId } from '#latchkey/lib/id.ts';
import {
  add,
  copy,
  deletion,
  event,
  head,
  openTrail,
  recordInParts,
  seal,
  type Trail,
  verify,
} from './trail.ts';

const EVENTS = 20;

/** Makes a chain of {@link EVENTS} events, sealed in two runs. */
async function openChain(t: Parameters<typeof openTrail>[0]): Promise<Trail> {
  const trail = await openTrail(t);
  const people = Array.from({ length: EVENTS }, (_, index) => event(`person-${index + 1}`));
  await add(trail.db, people.slice(0, 12));
  await seal(trail.audit);
  await add(trail.db, people.slice(12));
  await seal(trail.audit);
  return trail;
}

/** Numbers of the findings; null is the whole chain. */
const numbers = (found: readonly Finding[]) => found.map(({ number }) => number);

const altered = (number: number) => ({ number, problem: /does not fit its code/ });

interface Attack {
  readonly name: string;
  readonly sql: readonly string[];
  /** Problems in the expected order. */
  readonly found: readonly { readonly number: number | null; readonly problem: RegExp }[];
}

const attacks: readonly Attack[] = [
  ...[
    `"action" = 'user.created'`,
    `"actorId" = 'somebody-else'`,
    `"actorId" = NULL`,
    `"targetId" = 'somebody-else'`,
    `"before" = '{"round":7}'`,
    `"after" = NULL`,
    `"count" = 2`,
    `"requestId" = 'another'`,
    `"actorHash" = NULL`,
    `"targetHash" = 'another'`,
    `"createdAt" = '2026-01-01T00:00:00.000+00:00'`,
    `"id" = '01890a5d-ac96-774b-bcce-b302099a8057'`,
    `"code" = 'another'`,
    `"code" = NULL`,
  ].map((change) => ({
    name: `an event was altered: ${change}`,
    sql: [`UPDATE "AuditEvent" SET ${change} WHERE "number" = 7`],
    found: [altered(7)],
  })),
  {
    name: 'the last event was altered',
    sql: [`UPDATE "AuditEvent" SET "count" = 2 WHERE "number" = 20`],
    found: [altered(20)],
  },
  {
    name: 'an event was removed',
    sql: [`DELETE FROM "AuditEvent" WHERE "number" = 7`],
    found: [{ number: 7, problem: /^was removed$/ }],
  },
  {
    name: 'several were removed, the first among them',
    sql: [`DELETE FROM "AuditEvent" WHERE "number" <= 3 OR "number" IN (9, 10)`],
    found: [
      { number: 1, problem: /^was removed, and 2 after it up to 3$/ },
      { number: 9, problem: /^was removed, and 1 after it up to 10$/ },
    ],
  },
  {
    name: 'an event was taken out of the chain',
    sql: [`UPDATE "AuditEvent" SET "number" = NULL, "code" = NULL WHERE "number" = 7`],
    found: [{ number: 7, problem: /^was removed$/ }],
  },
  {
    name: 'two events have swapped their numbers',
    sql: [
      `UPDATE "AuditEvent" SET "number" = 99 WHERE "number" = 5`,
      `UPDATE "AuditEvent" SET "number" = 5 WHERE "number" = 15`,
      `UPDATE "AuditEvent" SET "number" = 15 WHERE "number" = 99`,
    ],
    found: [
      altered(5),
      { number: 6, problem: /does not follow from the event before it/ },
      altered(15),
      { number: 16, problem: /does not follow from the event before it/ },
    ],
  },
  {
    name: 'two events have swapped their numbers and codes',
    sql: [
      `UPDATE "AuditEvent" SET "number" = 99 WHERE "number" = 5`,
      `UPDATE "AuditEvent" SET "number" = 5, "code" = (SELECT "code" FROM "AuditEvent" WHERE "number" = 99) WHERE "number" = 15`,
      `UPDATE "AuditEvent" SET "number" = 15 WHERE "number" = 99`,
    ],
    found: [altered(5), altered(15), { number: 16, problem: /does not follow from the event before it/ }],
  },
  {
    name: 'the end was cut off',
    sql: [`DELETE FROM "AuditEvent" WHERE "number" > 17`],
    found: [{ number: 18, problem: /^was removed, and 2 after it up to 20$/ }],
  },
  {
    name: 'the end was cut off, and the head moved back by hand',
    sql: [
      `DELETE FROM "AuditEvent" WHERE "number" > 17`,
      `UPDATE "AuditChain" SET "headNumber" = 17, "headCode" = (SELECT "code" FROM "AuditEvent" WHERE "number" = 17)`,
    ],
    found: [{ number: null, problem: /has ends that the service did not write/ }],
  },
  {
    name: 'the old end was cut off, and the anchor moved forward by hand',
    sql: [
      `UPDATE "AuditChain" SET "anchorNumber" = 4, "anchorCode" = (SELECT "code" FROM "AuditEvent" WHERE "number" = 4)`,
      `DELETE FROM "AuditEvent" WHERE "number" <= 4`,
    ],
    found: [{ number: null, problem: /has ends that the service did not write/ }],
  },
  {
    name: 'the anchor was moved forward, and the events left where they are',
    sql: [
      `UPDATE "AuditChain" SET "anchorNumber" = 4, "anchorCode" = (SELECT "code" FROM "AuditEvent" WHERE "number" = 4)`,
    ],
    found: [
      { number: null, problem: /has ends that the service did not write/ },
      { number: null, problem: /begins after number 4, but 4 events up to there were not pruned/ },
    ],
  },
  {
    name: 'an event was put in beyond the head',
    sql: [
      `INSERT INTO "AuditEvent" ("id", "number", "code", "action", "count", "createdAt")
       SELECT '01890a5d-ac96-774b-bcce-b302099a8057', 21, "code", "action", 1, "createdAt" FROM "AuditEvent" WHERE "number" = 20`,
    ],
    found: [{ number: 21, problem: /has a number beyond the head, 20/ }],
  },
  {
    name: 'an event has the number of another, without the index that forbids it',
    sql: [
      `DROP INDEX "AuditEvent_number_key"`,
      `INSERT INTO "AuditEvent" ("id", "number", "code", "action", "count", "createdAt")
       SELECT 'ffffffff-ac96-774b-bcce-b302099a8057', 20, "code", "action", 1, "createdAt" FROM "AuditEvent" WHERE "number" = 20`,
    ],
    found: [{ number: 20, problem: /has the number of another event|does not fit/ }],
  },
  {
    name: 'the ends were removed',
    sql: [`DELETE FROM "AuditChain"`],
    found: [{ number: null, problem: /has lost its ends, and has events up to number 20/ }],
  },
  {
    name: 'an address was altered',
    sql: [
      `UPDATE "PersonalData" SET "data" = '{"ip":"203.0.113.1"}' WHERE "part" = 'actor' AND "subjectId" = 'person-7'`,
    ],
    found: [{ number: 7, problem: /has personal data \(actor\) that was altered/ }],
  },
  {
    name: 'a name was altered',
    sql: [
      `UPDATE "PersonalData" SET "salt" = 'another' WHERE "part" = 'target' AND "subjectId" = 'person-7'`,
    ],
    found: [{ number: 7, problem: /has personal data \(target\) that was altered/ }],
  },
  {
    name: 'the personal data of an event was removed',
    sql: [`DELETE FROM "PersonalData" WHERE "subjectId" = 'person-7'`],
    found: [
      { number: 7, problem: /^has lost its personal data \(actor\), and its person was not deleted$/ },
      { number: 7, problem: /^has lost its personal data \(target\), and its person was not deleted$/ },
    ],
  },
  {
    name: 'personal data was given to another person',
    sql: [
      `UPDATE "PersonalData" SET "subjectId" = 'person-8' WHERE "part" = 'actor' AND "subjectId" = 'person-7'`,
    ],
    found: [{ number: 7, problem: /^has personal data \(actor\) that was assigned to another person$/ }],
  },
  {
    name: 'personal data was given to nobody',
    sql: [
      `UPDATE "PersonalData" SET "subjectId" = NULL WHERE "part" = 'target' AND "subjectId" = 'person-7'`,
    ],
    found: [{ number: 7, problem: /^has personal data \(target\) that was assigned to another person$/ }],
  },
  {
    name: 'the deletion of a person was put in, to hide that personal data is gone',
    sql: [
      `DELETE FROM "PersonalData" WHERE "subjectId" = 'person-7'`,
      `INSERT INTO "AuditEvent" ("id", "action", "targetId", "count", "createdAt")
       SELECT '01890a5d-ac96-774b-bcce-b302099a8057', 'user.deleted', 'person-7', 1, "createdAt" FROM "AuditEvent" WHERE "number" = 20`,
    ],
    found: [{ number: null, problem: /^has no valid MAC/ }],
  },
  ...[`NULL`, `"code"`, `"mac"`].map((mac) => ({
    name: `an event was inserted that waits to be sealed, with the MAC ${mac}`,
    sql: [
      `INSERT INTO "AuditEvent" ("id", "mac", "action", "count", "createdAt")
       SELECT '01890a5d-ac96-774b-bcce-b302099a8057', ${mac}, "action", 1, "createdAt" FROM "AuditEvent" WHERE "number" = 20`,
    ],
    found: [{ number: null, problem: /^has no valid MAC/ }],
  })),
  ...[`NULL`, `"code"`].map((mac) => ({
    name: `the MAC of an event was changed to ${mac}`,
    sql: [`UPDATE "AuditEvent" SET "mac" = ${mac} WHERE "number" = 7`],
    found: [{ number: 7, problem: /^has no valid MAC/ }],
  })),
  {
    name: 'the time of the first MACs was moved',
    sql: [`UPDATE "AuditChain" SET "macsFrom" = '2099-01-01T00:00:00.000+00:00'`],
    found: [{ number: null, problem: /has ends that the service did not write/ }],
  },
];

t.test('Each kind of tampering is found, and reported with number and id', async (t) => {
  const { db, audit } = await openChain(t);
  const ids = new Map((await db.auditEvent.findMany()).map(({ number, id }) => [number, id]));
  t.match(await verify(audit), { found: [], events: EVENTS, unsealed: 0, head: /^20:[\w-]{43}$/ });
  const putBack = await copy(db);
  for (const { name, sql, found: expected } of attacks) {
    for (const statement of sql) await db.raw.execute`${rawSql(statement)}`;
    const { found } = await verify(audit);
    t.strictSame(
      numbers(found),
      expected.map(({ number }) => number),
      name,
    );
    for (const [index, { number, problem }] of expected.entries()) {
      t.match(found[index]?.problem, problem, name);
      const isThere = /fit|follow|personal/.test(String(problem)) && !/"id"|DROP/.test(sql.join());
      if (isThere && !/swapped/.test(name)) t.equal(found[index]?.id, ids.get(number), name);
    }
    await putBack();
  }
  t.match(await verify(audit), { found: [] });
});

t.test(
  'A chain that was cut off and whose earlier ends were restored is detected by a head from the log',
  async (t) => {
    const { db, audit } = await openTrail(t);
    await add(db, [event('ada'), event('grace')]);
    await seal(audit);
    const early = await head(audit);
    const putBack = await copy(db);
    await add(db, [event('mallory')]);
    await seal(audit);
    const logged = await head(audit);
    t.match(await verify(audit, early), { found: [], comparedHead: true });
    t.match(await verify(audit, logged), { found: [], comparedHead: true });

    await putBack();
    t.match(await verify(audit), { found: [] }, 'the chain alone cannot tell');
    t.match(await verify(audit, early), { found: [], comparedHead: true });
    const cutOff = { number: 3, problem: /was the head in the log, but the chain was cut off at 2/ };
    t.match((await verify(audit, logged)).found, [cutOff]);

    await add(db, [event('somebody'), event('nobody')]);
    await seal(audit);
    t.match(await verify(audit), { found: [] });
    const another = {
      number: 3,
      id: /^[0-9a-f-]{36}$/,
      problem: /is not the event that was the head in the log/,
    };
    t.match((await verify(audit, logged)).found, [another], 'nor does it help to go on from there');

    await db.auditChain.deleteMany();
    await db.auditEvent.deleteMany();
    t.match((await verify(audit, logged)).found, [{ number: 3, problem: /there is no chain/ }]);
  },
);

t.test('Changes by the service itself are not reported', async (t) => {
  const { db, audit } = await openChain(t);
  const logged = await head(audit);
  await db.transaction((tx) => erasePersonalData(tx, 'person-9'));
  await add(db, [deletion('person-9')]);
  t.equal(await db.personalData.count(), 2 * EVENTS - 2);
  t.match(await verify(audit, logged), { found: [], events: EVENTS, unsealed: 1 }, 'somebody has left');
  await db.auditEvent.deleteMany({ where: { number: null } });

  t.equal(await pruneEvents(audit, 1), 0, 'nothing is old enough');
  await add(db, [event('late')]);
  t.match(await verify(audit, logged), { found: [], events: EVENTS, unsealed: 1 }, 'an event waits');
  t.equal(await pruneEvents(audit, -1), EVENTS, 'all that is sealed is old tomorrow');
  t.equal(await db.personalData.count(), 2, 'personal data goes with its event');
  t.match(await verify(audit), { found: [], events: 0, unsealed: 1, head: `20:${logged.code}` });
  t.match(await verify(audit, logged), { found: [], comparedHead: true }, 'the anchor is known');
  await seal(audit);
  t.match(await verify(audit, logged), { found: [], events: 1, unsealed: 0, head: /^21:/ });
  t.match(await verify(audit, { ...logged, number: 3 }), { found: [], comparedHead: false });
});

t.test('The service may seal and prune during a verification', async (t) => {
  const { db, audit } = await openTrail(t);
  const many = Array.from({ length: 1_500 }, (_, index) => event(`person-${index}`));
  await recordInParts(db, many);
  await seal(audit);
  // Work of the service between two pages of the verification.
  const work = [
    async () => {
      await add(db, [event('meanwhile')]);
      await seal(audit);
    },
    () => pruneEvents(audit, -1),
  ];
  const findMany = async (...args: Parameters<Db['auditEvent']['findMany']>) => {
    const rows = await db.auditEvent.findMany(...args);
    if (args[0]?.take !== undefined) await work.shift()?.();
    return rows;
  };
  const auditEvent = new Proxy(db.auditEvent, {
    get: (target, name) => (name === 'findMany' ? findMany : Reflect.get(target, name)),
  });
  const walked = new Proxy(db, {
    get: (target, name) => (name === 'auditEvent' ? auditEvent : Reflect.get(target, name)),
  });
  const { found, events } = await verify({ ...audit, db: walked });
  t.strictSame(found, []);
  t.equal(events, 1_000, 'what was read before the rest was pruned');
  t.equal(await db.auditEvent.count(), 0);
});

t.test('The lowest id of a time separates earlier from later events', async (t) => {
  const time = new Date('2026-11-23T12:00:00.000Z');
  t.equal(newId(time).slice(0, 14), lowestIdOf(time).slice(0, 14));
  t.ok(lowestIdOf(time) <= newId(time) && newId(time) < lowestIdOf(new Date(time.getTime() + 1)));
  t.equal(lowestIdOf(new Date(-5)), '00000000-0000-7000-8000-000000000000');
  const ids = Array.from({ length: 1_000 }, () => newId(time));
  t.strictSame(ids.toSorted(), ids, 'those of one moment sort as they were made');
});
