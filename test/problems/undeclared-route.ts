/** Boots an app with a route that declares no access, as a process for own-problems.test.ts. */
import { buildApp } from '#latchkey/app.ts';
import { parseConfig } from '#latchkey/config/index.ts';

const app = await buildApp(parseConfig(JSON.parse(String(process.argv[2]))), {
  routes: async (own) => void own.get('/forgotten', async () => 'never'),
});
await app.ready();
