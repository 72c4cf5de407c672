/**
 * Tests the check of the routes' schemas.
 *
 * @runs once, on SQLite: it tests the schemas of Fastify.
 */
import t from 'tap';
import { startApi } from '../helper.ts';

const broken = {
  'an answer that refers to a schema that does not exist': { response: { 200: { $ref: 'Nowhere#' } } },
  'a keyword with a value of another type': { body: { type: 'object', required: true } },
  'a keyword that does not exist': { querystring: { type: 'object', propertys: {} } },
  'a parameter with a pattern that is none': {
    params: { type: 'object', properties: { id: { type: 'string', pattern: '(' } } },
  },
};

for (const [name, schema] of Object.entries(broken))
  t.test(`The boot fails for ${name}`, async (t) => {
    const start = startApi(
      t,
      {},
      {
        routes: async (app) => {
          app.post('/broken/:id', { config: { access: 'public' }, schema }, async () => ({}));
        },
      },
    );
    await t.rejects(start, { code: /^FST_ERR_SCH_/, message: /\/broken/ });
  });
