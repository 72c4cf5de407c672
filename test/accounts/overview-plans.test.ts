/**
 * The query plans of the control panel's counts.
 *
 * @runs once, on SQLite: Postgres chooses by the size of the tables, which are small here.
 */
import t from 'tap';
import { Overview } from '#latchkey/accounts/overview/overview.ts';
import { recordPlans } from '../db/plans.ts';
import { startApi } from '../helper.ts';
import { open } from './client.ts';

t.test(
  'The control panel counts users and active sessions by indexes, without reading their rows',
  async (t) => {
    const { app, databaseUrl } = await startApi(t);
    const plans = recordPlans(databaseUrl, app.databaseKind);
    t.teardown(plans.close);
    const overview = new Overview({ ...app.accounts, db: plans.db });
    await overview.readUsers();
    await overview.readPending();
    const counts = plans
      .take()
      .filter(({ sql }) => /COUNT\(/i.test(sql) && /[`"](User|Session)[`"]/.test(sql));
    t.ok(counts.length >= 5, `${counts.length} counts`);
    for (const { sql, plan } of counts) {
      const reads = plan.filter((line) => /\b(User|Session)\b/.test(line));
      // Sessions that have ended are few: they are found by a range of one index, and their rows are read.
      const isOfEnded = /(expiresAt|idleUntil)` <= /.test(sql);
      for (const line of reads)
        t.match(line, isOfEnded ? /^SEARCH .* USING INDEX/ : /USING COVERING INDEX/, `${sql}: ${line}`);
    }
  },
);

t.test('Of the sessions, those that have not ended in any way are counted', async (t) => {
  const api = await startApi(t);
  const { accounts } = api.app;
  const { id } = await api.person(1);
  const overview = new Overview(accounts);
  const { activeSessions } = await overview.readPending();
  const past = new Date(0);
  const ends = [{ idleUntil: past }, { expiresAt: past }, { idleUntil: past, expiresAt: past }, {}];
  for (const data of ends) {
    const { sessionId } = await open(api, id);
    await accounts.db.session.update({ where: { id: sessionId }, data });
  }
  t.equal((await overview.readPending()).activeSessions, activeSessions + 1);
});
