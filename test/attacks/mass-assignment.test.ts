/**
 * Mass assignment (OWASP API3:2023): columns that are not in the schema of a route are refused, on every
 * write route.
 */
import t from 'tap';
import { startApi } from '../helper.ts';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { fillPath, operations } from '../operations.ts';
import { snapshot } from './victim.ts';

const writes = operations.flatMap((operation) =>
  operation.body === undefined ? [] : [{ ...operation, body: operation.body }],
);

t.ok(writes.length >= 14, `${writes.length} operations take a body`);

/** Names of admin flags in other services, and names that the database client would take for an operator. */
const elsewhere = {
  role: 'admin',
  roles: ['admin'],
  isAdmin: true,
  is_admin: true,
  admin: true,
  Access: 2,
  'user.access': 2,
  'user[access]': 2,
  user: { access: 2 },
  accessName: 'admin',
  level: 2,
  gen: 0,
  sub: 'admin',
  emailVerifiedAt: new Date(0),
  emailVerified: true,
  password_hash: 'hash',
  sessions: { deleteMany: {} },
  invitations: { create: { access: 2 } },
  data: { access: 2 },
  where: {},
  $set: { access: 2 },
  constructor: 2,
  prototype: { access: 2 },
  toString: 'admin',
};

/** Members that pollute a prototype. They are refused before the body is validated. */
const poison = ['"__proto__":{"access":2}', '"constructor":{"prototype":{"access":2}}'];

// Without mail, a registration creates the row at once.
for (const [how, variables, tried] of [
  ['with mail', NO_MAIL_SERVER, writes],
  ['without mail', {}, writes.filter(({ operationId }) => operationId === 'registerUser')],
] as const) {
  t.test(`Columns that are not in the schema of a route are refused, ${how}`, async (t) => {
    const api = await startApi(t, variables);
    const admin = await api.person(2, 'An admin');
    const row = await api.app.accounts.db.user.findUniqueOrThrow({ where: { id: admin.id } });
    const users = [await api.person(0), await api.person(1), admin];
    const before = await snapshot(api);
    t.ok(Object.keys(row).length >= 14, `a user has ${Object.keys(row).length} columns`);
    for (const operation of tried) {
      const { operationId, body, minimum } = operation;
      const options = minimum === null ? {} : { token: users[minimum]?.token ?? admin.token };
      const url = fillPath(operation, users[1]?.id ?? '');
      const taken = Object.keys(body.schema.properties ?? {});
      const members = Object.entries({ ...row, ...elsewhere }).filter(([name]) => !taken.includes(name));
      for (const [name, value] of members) {
        const sent = { ...body.example, [name]: value };
        const answer = await api.ask(operation.method, url, { ...options, body: sent });
        t.match(answer.body, { status: 400, type: /validation-failed$/ }, `${operationId} with ${name}`);
        const { errors } = answer.body;
        t.strictSame(
          errors,
          [{ in: 'body', pointer: `/${name}`, code: 'unknown', message: 'is not known here' }],
          name,
        );
      }
      for (const member of poison) {
        const sent = `{${member},${JSON.stringify(body.example).slice(1)}`;
        const headers = { 'content-type': 'application/json' };
        const answer = await api.ask(operation.method, url, { ...options, headers, body: sent });
        t.match(answer.body, { status: 400, type: /malformed-json$/ }, `${operationId} with ${member}`);
      }
    }
    t.strictSame(await snapshot(api), before, 'nothing was changed');
  });
}

t.test('The same bodies without the forbidden members are accepted', async (t) => {
  const api = await startApi(t, NO_MAIL_SERVER);
  for (const operation of writes) {
    const caller = await api.person(operation.minimum ?? 1);
    const { status, body } = await api.ask(operation.method, fillPath(operation, caller.id), {
      ...(operation.minimum !== null && { token: caller.token }),
      body: operation.body.example,
    });
    // The example of a passkey fits the schema, and answers no challenge.
    t.notOk(status === 400 && body.slug !== 'passkey-invalid', operation.operationId);
  }
});
