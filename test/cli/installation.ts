/** An installation without a running service, for the user commands. */
import { join } from 'node:path';
import { openDatabase } from '#latchkey/db/open.ts';
import { temporaryFolder, type Variables } from '../child.ts';
import { createMigratedDatabase } from '../database.ts';
import { PUBLIC_URL, type Teardown } from '../helper.ts';

export const SECRET = 'the secret of a test, which is longer than 32 characters';

/** Creates a database, the environment variables for the commands, and a folder for their files. */
export async function installation(t: Teardown) {
  const { url } = await createMigratedDatabase(t);
  const { db, close } = openDatabase(url);
  t.teardown(close);
  const folder = await temporaryFolder(t);
  const variables: Variables = { DATA_DIR: join(folder, 'data'), DATABASE_URL: url, PUBLIC_URL, SECRET };
  return { url, db, variables, folder };
}
