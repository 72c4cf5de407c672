/** Options of the plugin for tests: a database and a data folder of its own. */
import type { LatchkeyOptions } from '#latchkey/plugin.ts';
import { environment, type Teardown } from '../helper.ts';

/** Returns the options of Latchkey at /auth. */
export async function hostOptions(t: Teardown): Promise<LatchkeyOptions> {
  const { DATA_DIR, DATABASE_URL } = await environment(t);
  return { prefix: '/auth', dataDir: DATA_DIR, databaseUrl: DATABASE_URL, rateLimit: 0 };
}
