import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { requestRegistration } from '../../accounts/credentials/registration.ts';
import { EmailAddress, NewPassword, User, UserName } from '../../accounts/users/schemas.ts';
import { createUser } from '../../accounts/users/users.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { AcceptedResponse, acceptedResponse } from '../../http/responses.ts';
import { Location, Ref } from '../../http/schemas.ts';
import { Problem } from '../../problems/problem.ts';

export const Registration = (passwordMinLength: number) =>
  Type.Object(
    { name: UserName, email: EmailAddress, password: NewPassword(passwordMinLength) },
    { additionalProperties: false },
  );

const register: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: { access: 'public', idempotent: true, problems: ['email-taken', 'registration-closed'] },
    schema: {
      operationId: 'registerUser',
      tags: ['Sign-in'],
      summary: 'Register a user',
      description:
        'With a mail server the answer is always 202: the mail says how to continue, or that the address already has an account. ' +
        'Without one the account is created at once (201), or the address is taken (409).',
      body: Registration(app.config.passwordMinLength),
      response: {
        201: { ...Ref(User), headers: { Location: Location('the user') } },
        202: Ref(AcceptedResponse),
      },
    },
    handler: async (request, reply) => {
      const { body } = request;
      if (app.config.registration !== 'open') throw new Problem('registration-closed');
      if (app.accounts.outbox.settings.hasServer) {
        await requestRegistration(app.accounts, body, requestContextOf(request));
        return acceptedResponse(reply);
      }
      const user = await createUser(
        app.accounts,
        { ...body, access: app.levels.default },
        { action: 'user.registered', requestContext: requestContextOf(request) },
      );
      reply.code(201).header('location', `${app.config.publicUrl}/users/${user.id}`);
      return user;
    },
  });
};

export default register;
