/**
 * Runs the commands of docs/guides/second-factor.md, "Signing in", unchanged.
 *
 * @runs once, on SQLite: it is about the page.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import { addTotpTo, totpEncryptionOf } from './accounts/totp.ts';
import { PASSWORD } from './helper.ts';
import { createCluster } from './processes/cluster.ts';

const run = promisify(execFile);
const SECRET = 'a secret that the service and the test share';

t.test('The commands of the guide sign in with a code', async (t) => {
  const cluster = await createCluster(t, { SECRET });
  const service = await cluster.start();
  const { id, email } = await cluster.person(service, 1);
  const { db, now } = cluster.database;
  const { secret } = await addTotpTo({ db, now, totpEncryption: totpEncryptionOf(SECRET) }, id);
  const page = readFileSync('docs/guides/second-factor.md', 'utf8');
  const section = page.split('\n## Signing in\n')[1]?.split('\n## ')[0] ?? '';
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text);
  t.equal(blocks.length, 3);
  const script = blocks.join('\n').replaceAll('http://localhost:3000', service.url);
  const variables = { EMAIL: email, PASSWORD, TOTP_SECRET: secret };
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
    env: { ...process.env, ...variables },
  });
  t.match(JSON.parse(stdout), { id, email });
});
