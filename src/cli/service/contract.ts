import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Builds the document as the service serves it, with a temporary database and key in place of the real ones.
 */
export async function readContract(): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-openapi-'));
  try {
    return await readContractIn(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readContractIn(folder: string): Promise<object> {
  const [{ buildApp }, { serviceOf }, { readConfig }] = await Promise.all([
    import('../../app.ts'),
    import('../../service/service-of.ts'),
    import('../../config/index.ts'),
  ]);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const app = await buildApp(
    readConfig({
      DATA_DIR: folder,
      DATABASE_URL: undefined,
      JWT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      ADMIN_EMAIL: undefined,
      ADMIN_PASSWORD: undefined,
      LOG_LEVEL: 'silent',
    }),
  );
  try {
    await app.ready();
    return serviceOf(app).swagger();
  } finally {
    await app.close();
  }
}
