/** Files that `latchkey import` gets and that are not JSON Lines. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { latchkey } from '../child.ts';
import { installation } from './installation.ts';

t.test('A file that is not JSON Lines gets one message that says how to convert it', async (t) => {
  const { variables, folder, db } = await installation(t);
  const users = Array.from({ length: 2000 }, (_, at) => ({ name: 'Ada', email: `ada-${at}@example.com` }));
  const file = join(folder, 'users.json');
  for (const [text, message] of [
    [JSON.stringify(users, undefined, 2), /^latchkey: This is a JSON array\. .*jq -c '\.\[\]'/],
    [JSON.stringify(users), /^latchkey: This is a JSON array/],
    [`\ufeff[${JSON.stringify(users[0])}]`, /^latchkey: This is a JSON array/],
    [JSON.stringify({ users }, undefined, 2), /^latchkey: This is one JSON object over several lines/],
  ] as const) {
    await writeFile(file, text);
    const { code, stdout, stderr } = await latchkey(['import', file], { variables });
    t.match({ code, stdout }, { code: 1, stdout: '' });
    t.match(stderr, message);
    t.equal(stderr.trimEnd().split('\n').length, 1, 'one line');
  }
  t.equal(await db.user.count(), 0);
});
