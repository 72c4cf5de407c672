/**
 * Tests the preflight requests that browsers send before a request of another origin.
 *
 * @runs once, on SQLite: it uses no database.
 */
import t from 'tap';
import { startApi } from '../helper.ts';

const ORIGIN = 'https://app.example.com';

t.test('An OPTIONS request that is not a preflight request gets a problem', async (t) => {
  const { ask } = await startApi(t, { CORS_ORIGINS: ORIGIN });
  const preflight = { origin: ORIGIN, 'access-control-request-method': 'PATCH' };
  const { status, headers } = await ask('OPTIONS', '/me', { headers: preflight });
  t.equal(status, 204);
  t.equal(headers['access-control-allow-origin'], ORIGIN);
  for (const incomplete of [{}, { origin: ORIGIN }, { ...preflight, origin: '' }])
    t.match((await ask('OPTIONS', '/me', { headers: incomplete })).body, {
      status: 400,
      type: /bad-request$/,
    });
});
