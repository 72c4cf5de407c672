/**
 * Requests with ids of another user, on every route of the contract, so that a new route is covered
 * automatically.
 */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { type Answer, type Ask, startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { fillPath, type Operation, operations } from '../operations.ts';
import { newVictim, snapshot, type Victim } from './victim.ts';

const hasId = ({ parameters }: Operation) =>
  parameters.some(({ in: place, name }) => place === 'path' && name === 'id');
const withId = operations.filter(hasId);

/** Data that every user may see of every other user, by design. */
const visible = { getUser: ['access', 'accessName', 'id', 'name'] };

/** Returns an answer without the members that differ between any two answers. */
const gist = ({ status, body }: Answer) => ({ status, body: body && { ...body, requestId: undefined } });

/** Names that a careless handler may read the owner from. */
const names = [
  'id',
  'userId',
  'user_id',
  'user',
  'sub',
  'actor',
  'actorId',
  'target',
  'sid',
  'sessionId',
  'cursor',
];
const attributed = (id: string) => Object.fromEntries(names.map((name) => [name, id]));

/** Makes the body of an operation. An operation without a body gets one with the ids of another user. */
const bodyOf = ({ method, body }: Operation, id: string): Pick<Ask, 'body'> =>
  method === 'GET' ? {} : { body: body?.example ?? attributed(id) };

/**
 * Makes a query with each parameter alone, because an unknown one makes the whole a 400. Also has the id as a
 * cursor.
 */
function queriesOf({ parameters }: Operation, id: string): string[] {
  const own = parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name);
  const texts = [id, Buffer.from(id).toString('base64url')];
  const single = own.flatMap((name) => texts.map((text) => `${name}=${text}`));
  return single.length > 0 ? single : [`${new URLSearchParams(attributed(id))}`];
}

t.test('A request with the ids of another user gets the same answer as one with unknown ids', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  const victim = await newVictim(api);
  const before = await snapshot(api);
  const attackers = [await api.person(0, 'A guest'), await api.person(1, 'A user')];
  t.ok(withId.length >= 7, `${withId.length} operations have an id in their path`);
  for (const operation of withId) {
    for (const [access, attacker] of attackers.entries()) {
      const ask = (id: string) =>
        api.ask(operation.method, fillPath(operation, id), {
          token: attacker.token,
          ...bodyOf(operation, id),
        });
      const unknown = gist(await ask(randomUUID()));
      for (const [kind, id] of Object.entries(victim.ids)) {
        for (const spelling of [id, id.toUpperCase()]) {
          const answer = await ask(spelling);
          const name = `${operation.operationId}, the id of a ${kind}, level ${access}`;
          if (operation.minimum !== null && access < operation.minimum) {
            t.match(answer.body, { status: 403, required: operation.minimum, actual: access }, name);
            t.strictSame(gist(answer), unknown, name);
          } else if (operation.operationId === 'getUser' && kind === 'user') {
            t.strictSame(Object.keys(answer.body).sort(), visible.getUser, name);
          } else {
            t.equal(answer.status >= 400, true, name);
            t.strictSame(gist(answer), unknown, name);
          }
        }
      }
    }
  }
  t.strictSame(
    theirs(await snapshot(api), victim),
    theirs(before, victim),
    'nothing of the victim was changed',
  );
});

t.test('The ids of another user in a query or a body give no access to that user', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  const victim = await newVictim(api);
  const before = await snapshot(api);
  for (const operation of operations) {
    for (const [kind, id] of Object.entries(victim.ids)) {
      // A new guest and a new user for each request, because some routes delete them.
      for (const access of operation.minimum === null ? [1] : [0, 1]) {
        const attacker = await api.person(access, 'An attacker');
        for (const query of queriesOf(operation, id)) {
          const url = `${fillPath(operation, attacker.id)}?${query}`;
          const answer = await api.ask(operation.method, url, {
            token: attacker.token,
            ...bodyOf(operation, id),
          });
          const found = victim.secrets.filter((secret) => answer.text.includes(secret));
          t.strictSame(found, [], `${operation.operationId}, the id of a ${kind}, level ${access}`);
        }
      }
    }
  }
  t.strictSame(
    theirs(await snapshot(api), victim),
    theirs(before, victim),
    'nothing of the victim was changed',
  );
});

t.test('The id of a session with the secret of another refresh token is refused', async (t) => {
  const api = await startApi(t);
  const [victim, attacker] = [await newVictim(api), await api.person(1)];
  const before = await snapshot(api);
  const [own = '', rotation, code] = attacker.refreshToken.split('.');
  const { session } = victim.ids;
  for (const refreshToken of [
    `${session}.${rotation}.${code}`,
    `${session}.0.${code}`,
    `${session}.1.${code}`,
  ]) {
    const answer = await api.ask('POST', '/refresh', { body: { refreshToken } });
    t.match(answer.body, { status: 401, type: /invalid-refresh-token$/ });
  }
  t.strictSame(await snapshot(api), before, 'nor does the try end the session');
  const swapped = `${own}.${rotation}.${victim.refreshToken.split('.')[2]}`;
  t.equal((await api.ask('POST', '/refresh', { body: { refreshToken: swapped } })).status, 401);
  t.equal((await api.ask('POST', '/refresh', { body: { refreshToken: victim.refreshToken } })).status, 200);
});

t.test('The owner and an admin succeed with the same ids', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  for (const operation of withId) {
    // Those of service accounts: test/api-keys.
    if (operation.path.startsWith('/service-accounts')) continue;
    // Only an admin has invitations that can be sent again.
    const victim = await newVictim(api, operation.minimum === 2 ? 2 : 1);
    const token = operation.minimum === 2 ? (await api.person(2)).token : victim.token;
    const statuses: number[] = [];
    for (const id of Object.values(victim.ids)) {
      const options = { token, ...(operation.body && { body: operation.body.example }) };
      // Of a path with two ids, the first is that of the victim.
      const path = /\{(keyId|sessionId)\}/.test(operation.path)
        ? operation.path.replace('{id}', victim.id).replace(/\{(keyId|sessionId)\}/, id)
        : fillPath(operation, id);
      statuses.push((await api.ask(operation.method, path, options)).status);
    }
    t.equal(statuses.filter((status) => status < 300).length, 1, `${operation.operationId}: ${statuses}`);
  }
});

/** Selects the rows of the victim from a snapshot. */
function theirs(rows: Awaited<ReturnType<typeof snapshot>>, { id, email }: Victim) {
  return {
    users: rows.users.filter((row) => row.id === id),
    sessions: rows.sessions.filter(({ userId }) => userId === id),
    passkeys: rows.passkeys.filter(({ userId }) => userId === id),
    apiKeys: rows.apiKeys.filter(({ userId }) => userId === id),
    invitations: rows.invitations.filter(({ inviterId }) => inviterId === id),
    emailChanges: rows.emailChanges.filter(({ userId }) => userId === id),
    passwordResets: rows.passwordResets.filter(({ userId }) => userId === id),
    revocations: rows.revocations.filter(
      ({ userId, sessionId }) =>
        userId === id || rows.sessions.some((s) => s.id === sessionId && s.userId === id),
    ),
    mails: rows.mails.filter(({ recipient }) => recipient === email),
  };
}
