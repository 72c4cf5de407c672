import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { injectAs } from 'latchkey/testing';
import { buildApp } from '../src/app.ts';

test('Notes belong to the users of Latchkey, in the same database', async () => {
  const { DATABASE_URL } = process.env;
  assert.ok(DATABASE_URL, 'set DATABASE_URL to the URL of an empty Postgres database');
  const folder = await mkdtemp(join(tmpdir(), 'prisma-'));
  const app = await buildApp(DATABASE_URL, { dataDir: folder });
  try {
    await app.ready();
    const [ada, ben] = [await injectAs(app, { access: 'user' }), await injectAs(app, { access: 'user' })];
    const note = { method: 'POST', url: '/notes', payload: { text: 'Hello' } } as const;
    assert.equal((await app.inject(note)).statusCode, 401);
    assert.equal((await ada(note)).json().author, ada.userId);
    assert.equal((await ada('/notes')).json().length, 1);
    assert.deepEqual((await ben('/notes')).json(), []);
    assert.equal((await ada({ ...note, payload: {} })).statusCode, 400);
  } finally {
    await app.close();
    await rm(folder, { recursive: true });
  }
});

test('A second start finds the tables of both', async () => {
  const { DATABASE_URL = '' } = process.env;
  const folder = await mkdtemp(join(tmpdir(), 'prisma-'));
  const app = await buildApp(DATABASE_URL, { dataDir: folder });
  await app.close();
  await rm(folder, { recursive: true });
});
