/**
 * Tests that the guard sends no query to the database.
 *
 * @runs alone: it listens to all databases of the process.
 */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { listenToStatements } from '../statements.ts';
import { startQuietApi } from './quiet-api.ts';

const statements = listenToStatements();

const api = await startQuietApi(t);
const { app, ask, status, inRounds } = api;

t.test('The guard does not query the database', async (t) => {
  const person = await api.person(1);
  const subject = {
    userId: person.id,
    sessionId: randomUUID(),
    access: 1,
    acr: '1' as const,
    amr: ['pwd'],
    generation: 0,
    authenticatedAt: new Date(),
    issuedAt: new Date(),
    expiresAt: new Date(Date.now() + 1e9),
  };
  const tokens = Array.from({ length: 1000 }, () => app.tokens.issue(subject).accessToken);
  /** Counts the queries of a thousand requests, without those of the polls. */
  const count = async (tokenOf: (n: number) => string, url: string, expected: number) => {
    let queries = 0;
    await inRounds(1000, 100, async (n) => {
      const before = statements.length;
      const answer = await status(`Bearer ${tokenOf(n)}`, url);
      queries += statements.length - before;
      if (answer !== expected) t.fail(`${url} -> ${answer}`);
    });
    return queries;
  };
  t.equal(await count(() => tokens[0]!, '/users-only', 200), 0, 'one token, a thousand times');
  app.verifiedTokens.clear();
  t.equal(await count((n) => tokens[n]!, '/users-only', 200), 0, 'a thousand tokens');
  t.equal(await count((n) => tokens[n]!, '/admins', 403), 0, 'a thousand times too low');
  t.equal(await count((n) => `${tokens[n]}x`, '/users-only', 401), 0, 'a thousand times refused');
  app.revocations.apply([{ userId: person.id, generation: 1, lastIssuedAt: null }], new Date());
  t.equal(await count((n) => tokens[n]!, '/users-only', 401), 0, 'a thousand times revoked');

  const capped = app.tokens.issue({ ...subject, generation: 1, cap: 1 }).accessToken;
  await api.poll();
  for (const method of ['HEAD', 'GET'] as const) {
    const before = statements.length;
    t.equal((await ask(method, '/me/permissions', { token: capped })).status, 200);
    t.equal(statements.length, before, `${method} /me/permissions, which an open page asks all the time`);
  }

  const before = statements.length;
  await ask('GET', '/me', { token: await api.sessionToken(person.id) });
  t.ok(statements.length > before, 'a query is counted');
  Object.defineProperty(app.revocations, 'isFresh', { get: () => false });
  t.ok((await count(() => person.token, '/users-only', 200)) >= 1000, 'a guard that reads rows is noticed');
});
