/** Tests that docs/security/writes-to-others.md is what the routes do, and that it lists all of them. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { declaration } from '#latchkey/access/declaration.ts';
import { createServiceApiKey } from '#latchkey/accounts/api-keys/create.ts';
import { operator } from '#latchkey/accounts/context.ts';
import { createServiceAccount } from '#latchkey/accounts/service-accounts/service-accounts.ts';
import { open, pairOf, refresh, setTime } from '../accounts/client.ts';
import { enrol } from '../accounts/second-factor.ts';
import { makeKey } from '../api-keys/keys.ts';
import { type Answer, PASSWORD, type Person, startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { operations } from '../operations.ts';

const TEN_HOURS = 36_000;

/** A row of the table. */
interface Row {
  readonly request: string;
  /** The members of the body that the row is about; none where the text is not code. */
  readonly members: readonly string[];
  readonly name: string;
  readonly isRecent: boolean;
  readonly isConditional: boolean;
  readonly level: string;
  readonly events: readonly string[];
}

const codes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

const rows: readonly Row[] = readFileSync('docs/security/writes-to-others.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [, request = '', changes = '', recent, condition, level = '', events = ''] = line
      .split('|')
      .map((cell) => cell.trim());
    return {
      request: codes(request).join(),
      members: codes(changes),
      name: `${codes(request)} (${changes.replaceAll('`', '')})`,
      isRecent: recent === 'yes',
      isConditional: condition === 'yes',
      level,
      events: codes(events),
    };
  });

const api = await startApi(t, NO_MAIL_SERVER);
const { ask, app, person } = api;
const { db } = app.accounts;
const owner = await person(2);

/** Lists the guarded routes that write and are not about the caller's own account. */
function writesToOthers(instance: FastifyInstance): string[] {
  return instance
    .listRoutes()
    .filter(({ method, url, config }) => {
      const isWrite = !['GET', 'HEAD', 'OPTIONS'].includes(method);
      const isOwn = /^\/(?:me|logout)(?:\/|$)/.test(url);
      // A POST that reads: RFC 7662 section 2.1.
      if (url === '/introspect') return false;
      return isWrite && !isOwn && typeof config[declaration]?.minimum === 'number';
    })
    .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`);
}

t.test('The table lists every guarded route that writes to others', async (t) => {
  const listed = [...new Set(rows.map(({ request }) => request))].sort();
  t.strictSame(listed, writesToOthers(app).sort());
  const other = await startApi(t, NO_MAIL_SERVER, {
    routes: async (scope) => {
      for (const access of ['admin', 'user'])
        scope.put(`/of-${access}/:id`, { config: { access } }, async () => ({}));
    },
  });
  const unlisted = writesToOthers(other.app).filter((request) => !listed.includes(request));
  t.strictSame(unlisted.sort(), ['PUT /of-admin/{id}', 'PUT /of-user/{id}'], 'a new route is found');
});

t.test('No other route ends the key of a service account without a recent sign-in', async (t) => {
  const { id } = await createServiceAccount(app.accounts, operator, { name: 'reports', access: 1 });
  const wanted = { name: 'a', access: 1, namesStepUp: false };
  const { id: keyId, key } = await createServiceApiKey(app.accounts, operator, id, wanted);
  const token = await oldToken(owner);
  const end = (folder: string) => ask('DELETE', `/${folder}/${id}/api-keys/${keyId}`, { token });
  t.match(await end('service-accounts'), { status: 401, body: { slug: 'recent-sign-in-required' } });
  t.match(await end('users'), { status: 404, body: { slug: 'api-key-not-found' } });
  t.equal((await ask('GET', '/me', { token: key })).status, 200, 'the key goes on');
});

t.test('The table lists every member of the bodies', async (t) => {
  for (const { method, path, body } of operations) {
    const own = rows.filter(({ request }) => request === `${method} ${path}`);
    if (own.length === 0) continue;
    const members = Object.keys(body?.schema.properties ?? {}).filter((name) => name !== 'reason');
    t.strictSame(own.flatMap((row) => row.members).sort(), members.sort(), `${method} ${path}`);
  }
});

/** The bodies that a row is tried with, one after the other on the same target. */
const bodies: Readonly<Record<string, readonly (() => object)[]>> = {
  name: [() => ({ name: 'Grace' })],
  access: [
    () => ({ access: 0 }),
    () => ({ access: 2, accessUntil: new Date(Date.now() + 60_000).toISOString() }),
  ],
  disabled: [() => ({ disabled: true }), () => ({ disabled: false })],
};

const newEmail = () => `${randomUUID()}@example.com`;

async function invitationId(access: number): Promise<string> {
  const answer = await ask('POST', '/invitations', {
    token: owner.token,
    body: { email: newEmail(), access },
  });
  return answer.body.id;
}

/** Makes the requests of a row to a new target of a level. */
async function send(
  { request, members }: Row,
  access: number,
  token: string,
  headers: Record<string, string> = {},
): Promise<Answer[]> {
  const [method = '', path = ''] = request.split(' ');
  const isInvitation = path.startsWith('/invitations');
  const isService = path.startsWith('/service-accounts');
  const service = { name: 'reports', access };
  const id = isInvitation
    ? await invitationId(access)
    : (isService ? await createServiceAccount(app.accounts, operator, service) : await person(access)).id;
  if (path.endsWith('/authenticators')) await enrol(api, { token: await api.sessionToken(id) });
  const key = { name: 'a', access: 0, namesStepUp: false };
  const keyId = !path.includes('{keyId}')
    ? ''
    : isService
      ? (await createServiceApiKey(app.accounts, operator, id, key)).id
      : (await makeKey(api, await api.sessionToken(id), { access: 0 })).id;
  const sessionId = path.includes('{sessionId}') ? (await open(api, id)).sessionId : '';
  const isOffer = ['POST /invitations', 'POST /users', 'POST /service-accounts'].includes(request);
  const offer = { ...(!isService && { email: newEmail() }), name: 'G', access };
  const own = isOffer
    ? [() => ({ ...offer, ...(members.includes('password') && { password: PASSWORD }) })]
    : path.endsWith('/api-keys')
      ? [() => ({ name: 'a', access: 0 })]
      : bodies[members[0] ?? '']?.slice(0, isService && members.includes('access') ? 1 : undefined);
  const answers: Answer[] = [];
  for (const body of own ?? [undefined]) {
    const ready = { token, headers, ...(body && { body: body() }) };
    const url = path.replace('{id}', id).replace('{keyId}', keyId).replace('{sessionId}', sessionId);
    answers.push(await ask(method as 'POST', url, ready));
  }
  return answers;
}

const isDone = (t: Test, answers: readonly Answer[], name: string) => {
  for (const { status, text } of answers) t.ok(status >= 200 && status < 300, `${name}: ${status} ${text}`);
};

/** An access token of a user whose sign-in was some hours ago. */
async function oldToken({ id }: Person): Promise<string> {
  const { sessionId, refreshToken } = await open(api, id);
  await setTime(api, sessionId, 'authenticatedAt', -TEN_HOURS);
  return pairOf(await refresh(api, refreshToken)).accessToken;
}

for (const row of rows) {
  t.test(`The route ${row.name} does what its row says`, async (t) => {
    const admin = await person(2);
    isDone(t, await send(row, 1, admin.token), 'a recent sign-in');
    const events = await db.auditEvent.findMany({ where: { actorId: admin.id } });
    const actions = new Set(events.map(({ action }) => action));
    actions.delete('session.opened');
    t.strictSame([...actions].sort(), [...row.events].sort(), 'the events');

    const late = await send(row, 1, await oldToken(admin));
    if (row.isRecent)
      for (const { body } of late) t.match(body, { status: 401, type: /recent-sign-in-required$/ });
    else isDone(t, late, 'an old sign-in');

    const stale = await send(row, 1, admin.token, { 'if-match': '"stale"' });
    if (row.isConditional)
      for (const { body } of stale) t.match(body, { status: 412, type: /precondition-failed$/ });
    else isDone(t, stale, 'any If-Match');

    t.match(row.level, /^(?:user|invitation)'s$/);
    const hour = await person(1);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const elevation = { token: owner.token, body: { access: 2, accessUntil: until } };
    await ask('PATCH', `/users/${hour.id}`, elevation);
    const elevated = await api.sessionToken(hour.id);
    // RFC 9110 section 13.2.1: a precondition is ignored where the answer without it is an error.
    for (const headers of [{}, { 'if-match': '"stale"' }])
      for (const { body } of await send(row, 2, elevated, headers))
        t.match(body, { status: 403, type: /access-denied$/, required: 2, actual: 1 });
  });
}
