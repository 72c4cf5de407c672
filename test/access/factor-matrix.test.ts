/**
 * Every operation, with a guest, a user and an admin, with one factor and with two, for two settings of
 * SECOND_FACTOR_FROM. A new operation is covered automatically.
 */
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { declaration } from '#latchkey/access/declaration.ts';
import { open, openWithTwoFactors } from '../accounts/client.ts';
import { startApi } from '../helper.ts';

const names = ['guest', 'user', 'admin'];

type Outcome = 'passes' | 'two-factors-required' | 'access-denied';

/** The outcome by the documentation: docs/guides/second-factor.md. */
function expected(
  minimum: number | null,
  factors: number,
  from: number,
  level: number,
  proven: number,
): Outcome {
  if (minimum === null) return 'passes';
  if (level < minimum) return 'access-denied';
  const needed = factors === 2 || minimum >= from ? 2 : 1;
  return proven >= needed ? 'passes' : 'two-factors-required';
}

for (const from of [1, 2]) {
  t.test(`Each operation needs what its level and SECOND_FACTOR_FROM=${names[from]} say`, async (t) => {
    const api = await startApi(
      t,
      { SECOND_FACTOR_FROM: names[from] ?? '' },
      {
        routes: async (app) => {
          const handler = async () => ({ ok: true });
          app.get('/own/once', { config: { access: 'guest', factors: 1 }, handler });
          app.get('/own/twice', { config: { access: 'guest', factors: 2 }, handler });
          app.post('/own/twice', { config: { access: 'user', factors: 2 }, handler });
        },
      },
    );
    const routes = api.app.listRoutes().map(({ method, url, config }) => {
      const { minimum = null, factors = 1 } = config[declaration] ?? {};
      return { method, url, factors, minimum: config.token === 'optional' ? 0 : minimum };
    });
    t.ok(routes.length >= 20, `${routes.length} routes`);
    const seen = new Map<Outcome, number>();
    const tokens = new Map<string, string>();
    const tokenOf = async (level: number, proven: number) => {
      const known = tokens.get(`${level} ${proven}`);
      if (known !== undefined) return known;
      const { id } = await api.person(level);
      const { accessToken } = await (proven === 2 ? openWithTwoFactors : open)(api, id);
      tokens.set(`${level} ${proven}`, accessToken);
      return accessToken;
    };
    for (const { method, url, minimum, factors } of routes) {
      for (const level of names.keys()) {
        for (const proven of [1, 2]) {
          const accessToken = await tokenOf(level, proven);
          const { statusCode, headers, body } = await api.app.inject({
            // biome-ignore lint/suspicious/noExplicitAny: the router's methods are those that inject knows
            method: method as any,
            url: url.replace(/:\w+/g, randomUUID()).replace('*', 'index.css'),
            headers: { authorization: `Bearer ${accessToken}` },
          });
          const outcome = expected(minimum, factors, from, level, proven);
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
          const name = `${method} ${url} (${minimum ?? 'public'}), ${names[level]}, ${proven}: ${outcome}`;
          if (outcome === 'passes') {
            // Some of the operations end the session or the account.
            if (!/GET|HEAD/.test(String(method))) tokens.delete(`${level} ${proven}`);
            t.notOk([401, 403].includes(statusCode), name);
            continue;
          }
          t.equal(statusCode, outcome === 'access-denied' ? 403 : 401, name);
          if (method !== 'HEAD') t.equal(JSON.parse(body).slug, outcome, name);
          t.match(
            headers['www-authenticate'],
            outcome === 'access-denied'
              ? /error="insufficient_scope"$/
              : /error="insufficient_user_authentication", .*acr_values="2", resource_metadata="[^"]+"$/,
            name,
          );
        }
      }
    }
    for (const outcome of ['passes', 'two-factors-required', 'access-denied'] as const)
      t.ok((seen.get(outcome) ?? 0) > 10, `${outcome}: ${seen.get(outcome)}`);
  });
}
