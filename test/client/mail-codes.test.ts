/**
 * Tests the sign-in of `@latchkey/client` with a code by mail.
 *
 * @runs once, on SQLite: the client has no database.
 */
import t from 'tap';
import { createClient, isProblem, memoryStorage } from '../../packages/client/src/index.ts';
import { serve, temporaryFolder } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PASSWORD } from '../helper.ts';
import { startMailServer } from '../mail-server.ts';
import { noteSecret } from '../secret-log.ts';

const email = 'ada@example.com';
const mailServer = await startMailServer(t);
const service = await serve(t, {
  DATABASE_URL: (await createMigratedDatabase(t)).url,
  DATA_DIR: await temporaryFolder(t),
  ADMIN_EMAIL: email,
  ADMIN_PASSWORD: PASSWORD,
  SMTP_URL: mailServer.url,
  SIGN_IN_METHODS: 'password,passkey,email',
  RATE_LIMIT: '0',
});

t.test('A user signs in with the code of a mail', async (t) => {
  const auth = createClient({ baseUrl: service.url, storage: memoryStorage() });
  t.teardown(() => auth.dispose());
  const { data } = await auth.requestMailCode({ email });
  const flow = data?.flow ?? '';
  noteSecret(flow);
  const [mail] = await mailServer.waitFor(email);
  const code = /^\d{8}$/m.exec(mail?.text ?? '')?.[0] ?? '';
  noteSecret(code);
  const wrong = await auth.signInWithMailCode({ flow, code: code === '00000000' ? '11111111' : '00000000' });
  t.ok(isProblem(wrong.error, 'wrong-code'));
  t.equal(auth.state.signedIn, false);
  await auth.signInWithMailCode({ flow, code, access: 1 });
  t.match(auth.state, { signedIn: true, access: 1, factors: 1 });
  t.equal((await auth.api.GET('/me')).data?.email, email);
});
