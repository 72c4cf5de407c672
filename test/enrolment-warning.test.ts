/** Tests what the log of a start says of people who need a second factor and have none. */
import t from 'tap';
import { openDatabase } from '#latchkey/db/open.ts';
import { latchkey, serve, temporaryFolder } from './child.ts';
import { createDatabase } from './database.ts';
import { PASSWORD } from './helper.ts';
import { startMailServer } from './mail-server.ts';
import { testSigningKey } from './tokens.ts';

const WARNING =
  'People whose level asks for a second factor have none: without a mail server, the password is enough to enrol first';

t.test('Without a mail server, the start names those who could be overtaken, by their ids', async (t) => {
  const variables = {
    DATA_DIR: await temporaryFolder(t),
    DATABASE_URL: (await createDatabase(t)).url,
    NODE_ENV: 'production',
    SECRET: 'a secret of a test, which is longer than 32 characters',
    JWT_PRIVATE_KEY: testSigningKey.pem,
    PUBLIC_URL: 'https://accounts.example.com',
  };
  const args = ['user', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--access', 'admin'];
  t.match(await latchkey(args, { variables, input: PASSWORD }), { code: 0 });
  const { db, close } = openDatabase(variables.DATABASE_URL);
  t.teardown(close);
  const { id } = await db.user.findFirstOrThrow();

  const warnings = async (more: Record<string, string>) => {
    const service = await serve(t, { ...variables, ...more });
    const lines = service
      .stdout()
      .split('\n')
      .filter((line) => line.includes(WARNING));
    await service.stop();
    return lines.map((line) => JSON.parse(line));
  };
  const SECOND_FACTOR_FROM = 'admin';
  t.match(await warnings({ SECOND_FACTOR_FROM }), [{ level: 40, users: [id], count: 1, msg: WARNING }]);
  t.strictSame(await warnings({}), [], 'no level asks for one');
  const { url: SMTP_URL } = await startMailServer(t);
  const mail = { SMTP_URL, MAIL_FROM: 'accounts@example.com' };
  t.strictSame(await warnings({ SECOND_FACTOR_FROM, ...mail }), [], 'a code is mailed');
  await db.user.update({ where: { id }, data: { secondFactor: true } });
  t.strictSame(await warnings({ SECOND_FACTOR_FROM }), [], 'everyone has one');
});
