/** Tests how a service without any account gets its first admin. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { offerFirstAdmin } from '#latchkey/boot/offer-first-admin.ts';
import { latchkey, type Service, serve, temporaryFolder } from './child.ts';
import { createDatabase, createMigratedDatabase } from './database.ts';
import { type Api, PASSWORD, startApi, type Teardown } from './helper.ts';
import { testSigningKey } from './tokens.ts';
import { until } from './until.ts';

const DATA_DIR = await temporaryFolder(t);
const { url: DATABASE_URL } = await createDatabase(t);
const file = join(DATA_DIR, 'first-admin');
const variables = { DATA_DIR, DATABASE_URL };

/** Starts a service in this process, up to its offer. */
async function startOffering(t: Teardown, variables: Record<string, string>): Promise<Api> {
  const api = await startApi(t, variables);
  await offerFirstAdmin(api.app, 'http://latchkey.test');
  return api;
}

/** Returns the token of the command in the file, and the answer to the command. */
async function offer(path = file): Promise<{ token: string; command: string }> {
  const command = await readFile(path, 'utf8');
  const body = JSON.parse(/-d '(.*)'/.exec(command)?.[1] ?? '');
  return { token: body.token, command };
}
const accept = (service: Pick<Service | Api, 'ask'>, token: string, members: object = {}) =>
  service.ask('POST', '/invitations/accept', {
    body: { token, name: 'Ada', email: 'ada@example.com', password: PASSWORD, ...members },
  });

t.test(
  'The start writes an invitation that only the owner of the file can read, and the next start voids it',
  async (t) => {
    const first = await serve(t, variables);
    t.match(
      first.stdout(),
      `There is no admin yet. The link to the page that makes the first one is in ${file}, for 30 minutes`,
    );
    const { token, command } = await offer();
    t.equal(((await stat(file)).mode & 0o777).toString(8), '600');
    t.match(command, `${first.url}/ui/first-admin#token=${token}\n`);
    t.match(command, `curl -s ${first.url}/invitations/accept `);
    t.notMatch(first.stdout(), token, 'logs are read by many');
    const pasted = spawnSync('sh', ['-c', command.slice(command.indexOf('curl'))], { encoding: 'utf8' });
    t.match(JSON.parse(pasted.stdout), {
      status: 400,
      errors: [{ pointer: '/name' }, { pointer: '/name' }, { pointer: '/password' }, { pointer: '/email' }],
    });
    await first.stop();

    const second = await serve(t, variables);
    const { token: newer } = await offer();
    t.not(newer, token);
    t.equal((await accept(second, token)).status, 403);
    t.match((await accept(second, newer, { email: undefined })).body, {
      status: 400,
      errors: [{ pointer: '/email' }],
    });
    const accepted = await accept(second, newer);
    t.match(accepted, { status: 201, body: { email: 'ada@example.com', access: 2, permanentAccess: 2 } });
    t.equal((await accept(second, newer, { email: 'eve@example.com' })).status, 403, 'once');
    await second.stop();

    const third = await serve(t, variables);
    t.notMatch(third.stdout(), /There is no admin/);
    await t.rejects(stat(file), { code: 'ENOENT' }, 'it has gone');
    await third.stop();
  },
);

t.test('The invitation of the first admin is valid only while there is no admin', async (t) => {
  const variables = { DATA_DIR, DATABASE_URL: (await createMigratedDatabase(t)).url };
  const service = await startOffering(t, variables);
  const { token } = await offer();
  const { code } = await latchkey(
    ['user', 'create', '--email', 'grace@example.com', '--name', 'Grace', '--access', 'admin'],
    { variables, input: PASSWORD },
  );
  t.equal(code, 0);
  t.match((await accept(service, token)).body, { status: 403, type: /mail-token-invalid$/ });
});

t.test('Replicas that start together do not void the invitations of each other', async (t) => {
  const { url: DATABASE_URL } = await createMigratedDatabase(t);
  const shared = {
    DATABASE_URL,
    SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: testSigningKey.pem,
  };
  const folders = [await temporaryFolder(t), await temporaryFolder(t)];
  const replicas: Api[] = [];
  const tokens: string[] = [];
  for (const folder of folders) {
    replicas.push(await startOffering(t, { ...shared, DATA_DIR: folder }));
    tokens.push((await offer(join(folder, 'first-admin'))).token);
  }
  const [first, second] = replicas;
  t.match(await accept(first!, tokens[0]!), { status: 201, body: { access: 2 } });
  t.equal((await accept(second!, tokens[1]!, { email: 'eve@example.com' })).status, 403, 'there is an admin');
});

t.test('In production the log has the command that makes the first admin in a pod', async (t) => {
  const { url } = await createMigratedDatabase(t);
  const service = await serve(t, {
    DATA_DIR: await temporaryFolder(t),
    DATABASE_URL: url,
    NODE_ENV: 'production',
    PUBLIC_URL: 'https://accounts.example.com',
    SECRET: randomBytes(32).toString('base64'),
    JWT_PRIVATE_KEY: testSigningKey.pem,
  });
  await until(() => service.stdout().includes('first admin'));
  t.match(
    service.stdout(),
    `kubectl exec -it ${hostname()} -- latchkey user create --email you@example.com --name You --access admin`,
  );
  await service.stop();
});
