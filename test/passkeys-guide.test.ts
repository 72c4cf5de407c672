/**
 * Runs the commands of docs/guides/passkeys.md, "Listing, renaming and removing", unchanged.
 *
 * @runs once, on SQLite: it is about the page.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import { addPasskeyTo } from './accounts/authenticator.ts';
import { readClaims } from './accounts/client.ts';
import { createCluster } from './processes/cluster.ts';

const run = promisify(execFile);

t.test('The commands of the guide rename and remove a passkey', async (t) => {
  const cluster = await createCluster(t);
  const service = await cluster.start();
  const { id, token } = await cluster.person(service, 1);
  const { db, now } = cluster.database;
  await addPasskeyTo({ db, now }, id);
  const proven = { amr: 'pwd swk', secondFactorAt: await now(db) };
  await db.session.update({ where: { id: readClaims(token).sid }, data: proven });
  const page = readFileSync('docs/guides/passkeys.md', 'utf8');
  const section = page.split('\n## Listing, renaming and removing\n')[1]?.split('\n## ')[0] ?? '';
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text);
  t.equal(blocks.length, 3);
  const script = blocks.join('\necho\n').replaceAll('http://127.0.0.1:3000', service.url);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], {
    env: { ...process.env, TOKEN: token },
  });
  const [renamed, pair] = stdout.split('\n').filter((line) => line !== '');
  t.match(JSON.parse(renamed ?? ''), { name: 'Work laptop' });
  t.match(readClaims(JSON.parse(pair ?? '').accessToken), { sub: id, acr: '1' });
  t.equal(await db.passkey.count(), 0);
});
