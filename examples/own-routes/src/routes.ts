import type { FastifyInstance } from 'fastify';
import { claimsOf } from 'latchkey';

/** Routes that become part of the service: its guard, problems, limits and OpenAPI document are theirs too. */
export async function routes(app: FastifyInstance) {
  app.get('/greeting', {
    config: { access: 'user' },
    schema: {
      operationId: 'greet',
      tags: ['Service'],
      summary: 'A greeting for users',
      response: {
        200: { type: 'object', properties: { hello: { type: 'string' } }, description: 'The greeting.' },
      },
    },
    handler: async (request) => {
      const { name } = await app.latchkey.users.find(claimsOf(request).sub);
      return { hello: name };
    },
  });
}
