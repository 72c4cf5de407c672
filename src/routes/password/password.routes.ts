import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { requestPasswordReset, resetPassword } from '../../accounts/credentials/password-reset.ts';
import { EmailAddress, GivenMailToken, NewPassword } from '../../accounts/users/schemas.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { AcceptedResponse, acceptedResponse, requireMail } from '../../http/responses.ts';
import { NoContent, Ref } from '../../http/schemas.ts';

export const ForgottenPassword = Type.Object({ email: EmailAddress }, { additionalProperties: false });

export const PasswordReset = (passwordMinLength: number) =>
  Type.Object(
    { token: GivenMailToken, newPassword: NewPassword(passwordMinLength) },
    { additionalProperties: false },
  );

/** The reset of a forgotten password. A user who knows the password changes it with PUT /me/password. */
const password: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/forgot', {
    config: { access: 'public', idempotent: true, problems: ['mail-not-configured', 'sign-in-method-off'] },
    schema: {
      operationId: 'requestPasswordReset',
      tags: ['Sign-in'],
      summary: 'Request a mail to set a new password',
      description:
        'The answer is the same for addresses without an account. The token in the mail is valid for 30 minutes.',
      body: ForgottenPassword,
      response: { 202: Ref(AcceptedResponse) },
    },
    handler: async (request, reply) => {
      requireMail(app.accounts);
      await requestPasswordReset(app.accounts, request.body, requestContextOf(request));
      return acceptedResponse(reply);
    },
  });

  app.post('/reset', {
    config: { access: 'public', problems: ['mail-token-invalid', 'sign-in-method-off', 'too-many-attempts'] },
    schema: {
      operationId: 'resetPassword',
      tags: ['Sign-in'],
      summary: 'Set a new password, with the token of the mail: every session ends',
      body: PasswordReset(app.config.passwordMinLength),
      response: { 204: NoContent('The password was set. Sign in with it.') },
    },
    handler: async (request, reply) => {
      await resetPassword(app.accounts, request.body, requestContextOf(request));
      reply.code(204);
      return null;
    },
  });
};

export default password;
