import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { User } from '../../accounts/user.schemas.ts';
import { createUser } from '../../accounts/users.ts';
import { originOf } from '../../http/actor.ts';
import { Location, reference } from '../../http/schemas.ts';
import { Registration } from './register.schemas.ts';

const register: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: { access: 'public', problems: ['email-taken'] },
    schema: {
      operationId: 'registerUser',
      tags: ['Sign-in'],
      summary: 'Become a user',
      body: Registration(app.config.passwordMinLength),
      response: { 201: { ...reference(User), headers: { Location: Location('the user') } } },
    },
    handler: async (request, reply) => {
      const { body } = request;
      const user = await createUser(
        app.accounts,
        { ...body, access: app.levels.default },
        { action: 'user.registered', origin: originOf(request) },
      );
      reply.code(201).header('location', `${app.config.publicUrl}/users/${user.id}`);
      return user;
    },
  });
};

export default register;
