/**
 * The secret in the data folder.
 *
 * @runs once, on SQLite: it is a file.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { loadSecrets, readSecrets } from '#latchkey/crypto/load-secret.ts';
import { temporaryFolder } from '../child.ts';

t.test('A secret is made once, and one that is empty or cut off is refused', async (t) => {
  const dataDir = await temporaryFolder(t);
  const config = { secret: undefined, secretPrevious: undefined, dataDir };
  const { current } = await loadSecrets(config);
  t.ok(current.length >= 32);
  t.strictSame(await readSecrets(config), { current, previous: undefined });
  for (const text of ['', '\n', current.slice(0, 31)]) {
    await writeFile(join(dataDir, 'secret'), text);
    await t.rejects(loadSecrets(config), /secret has fewer than 32 characters: put the secret/);
    await t.rejects(readSecrets(config), /fewer than 32 characters/);
  }
});
