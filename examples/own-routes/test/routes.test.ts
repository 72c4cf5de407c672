import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildApp } from 'latchkey';
import { parseConfig } from 'latchkey/config';
import { injectAs } from 'latchkey/testing';
import { routes } from '../src/routes.ts';

test('The own route is guarded, and part of the contract and of the permissions', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'own-routes-'));
  const app = await buildApp(parseConfig({ DATA_DIR: folder, LOG_LEVEL: 'silent' }), { routes });
  try {
    await app.ready();
    assert.equal((await app.inject('/greeting')).statusCode, 401);
    const [guest, user] = [
      await injectAs(app, { access: 'guest' }),
      await injectAs(app, { access: 'user', name: 'Ada' }),
    ];
    assert.equal((await guest('/greeting')).statusCode, 403);
    assert.deepEqual((await user('/greeting')).json(), { hello: 'Ada' });
    const operation = (await app.inject('/openapi.json')).json().paths['/greeting'].get;
    assert.equal(operation['x-minimum-access'], 1);
    const { permissions } = (await user('/me/permissions')).json();
    assert.ok(permissions.some(({ operationId }: { operationId: string }) => operationId === 'greet'));
  } finally {
    await app.close();
    await rm(folder, { recursive: true });
  }
});
