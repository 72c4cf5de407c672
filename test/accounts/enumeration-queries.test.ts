/**
 * The statements of what a stranger can ask about an address: the same ones with an account and without.
 *
 * @runs alone: it listens to all databases of the process.
 */
import t from 'tap';
import { NO_MAIL_SERVER } from '../mailbox.ts';
import { listenToStatements } from '../statements.ts';
import { startQuietApi } from '../tokens/quiet-api.ts';
import { Authenticator, addPasskey } from './authenticator.ts';

const statements = listenToStatements();
const api = await startQuietApi(t, { ...NO_MAIL_SERVER, SIGN_IN_METHODS: 'password,passkey,email' });
const { ask } = api;
const name = 'Ada';

/** Sends a request, and returns its answer and its statements. */
async function statementsOf(url: string, body: object) {
  const before = statements.length;
  const answer = await ask('POST', url, { body });
  return { answer, ran: statements.slice(before) };
}

/** An address that is known, and has a passkey and failures; and one that is unknown. */
const known = await api.person(1);
await addPasskey(api, known.id);
await api.app.accounts.db.knownNetwork.deleteMany();
const addresses = [known.email, 'nobody@example.com'];

t.test('A code by mail is asked for, and answered wrongly, with the same statements', async (t) => {
  const histories = [];
  for (const email of addresses) {
    const asked = await statementsOf('/login/email', { email });
    const { flow } = asked.answer.body;
    const wrong = await statementsOf('/login/email/verify', { flow, code: '00000000' });
    t.match(wrong.answer.body, { slug: 'wrong-code' });
    t.ok(asked.ran.length > 4 && wrong.ran.length > 4);
    histories.push([asked.ran, wrong.ran]);
  }
  t.strictSame(histories[1], histories[0]);
});

t.test('So is a registration with a passkey', async (t) => {
  const histories = [];
  for (const email of addresses) {
    const options = await statementsOf('/register/passkey/options', { name, email });
    const passkey = new Authenticator().create(options.answer.body);
    const registered = await statementsOf('/register', { name, email, passkey });
    t.equal(registered.answer.status, 202);
    t.strictSame(
      options.ran.filter((text) => /INSERT|UPDATE|DELETE/i.test(text)),
      [],
      'options write nothing',
    );
    t.ok(registered.ran.length > 4);
    histories.push([options.ran, registered.ran]);
  }
  t.strictSame(histories[1], histories[0]);
});
