import type { FastifyInstance } from 'fastify';
import { invalidBody } from '../../problems/problem.ts';

/**
 * Accepts forms beside JSON, in the scope of the routes of OAuth alone (RFC 7009 section 2.1). Parameters
 * that a route does not have are ignored (RFC 6749 section 3.2).
 */
export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    ({ routeOptions: { schema } }, body: string, done) => {
      const { properties = {} } = Object(schema?.body);
      const members = new Map<string, string>();
      for (const [name, value] of new URLSearchParams(body)) {
        // A parameter is sent once at most (RFC 6749 section 3.2).
        if (members.has(name)) return done(invalidBody(`/${name}`, 'invalid', 'must be sent once at most'));
        members.set(name, value);
      }
      done(null, Object.fromEntries([...members].filter(([name]) => Object.hasOwn(properties, name))));
    },
  );
}
