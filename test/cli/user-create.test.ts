/** `latchkey user create`: the first admin and further users. user-create-input.test.ts tests its input. */
import t from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { latchkey, serve, temporaryFolder, type Variables } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD, PUBLIC_URL, type Teardown } from '../helper.ts';

const grace = ['user', 'create', '--email', 'grace@example.com', '--name', 'Grace Hopper'];
const credentials = { email: 'grace@example.com', password: PASSWORD };

async function variablesFor(t: Teardown): Promise<Variables & { DATABASE_URL: string }> {
  const { url } = await createMigratedDatabase(t);
  return { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url, PUBLIC_URL };
}

async function countUsers({ DATABASE_URL = '' }: Variables): Promise<number> {
  const database = openDatabase(DATABASE_URL);
  try {
    return await database.db.user.count();
  } finally {
    await database.close();
  }
}

t.test('A new admin of a running service can sign in at once', async (t) => {
  const variables = await variablesFor(t);
  const service = await serve(t, variables);
  const { code, stdout, stderr } = await latchkey([...grace, '--access', 'admin'], {
    variables,
    input: `${PASSWORD}\n`,
  });
  t.match({ code, stderr }, { code: 0, stderr: '' });
  t.match(stdout, /^Created grace@example\.com with access 2 \(admin\), id [0-9a-f-]{36}\n$/);
  const { body } = await service.ask('POST', '/login', { body: credentials });
  t.equal((await service.ask('GET', '/control-panel', { token: body.accessToken })).status, 200);
  await service.stop();
});

t.test('An address that another user has gives exit code 1 and one line, and changes nothing', async (t) => {
  const variables = await variablesFor(t);
  t.equal((await latchkey(grace, { variables, input: PASSWORD })).code, 0);
  const again = [...grace, '--access', 'admin'];
  again[3] = 'GRACE@example.com';
  const { code, stdout, stderr } = await latchkey(again, { variables, input: 'another password of hers' });
  t.match({ code, stdout }, { code: 1, stdout: '' });
  t.match(stderr, /^latchkey: There is an account with this email address[^\n]*\n$/);
  t.equal(await countUsers(variables), 1);
});
