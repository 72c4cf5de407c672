import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { claimsOf } from '../../access/guard.ts';
import { deleteUser } from '../../accounts/users/delete.ts';
import { User } from '../../accounts/users/schemas.ts';
import { changeOwnName } from '../../accounts/users/update.ts';
import { findCaller } from '../../accounts/users/users.ts';
import { ConditionalHeaders, Etag, etagOf, preconditionOf } from '../../http/etag.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { actorOf, sessionActorOf } from '../../http/request-context.ts';
import { NoContent, Ref } from '../../http/schemas.ts';
import { DeleteMeBody, Permissions, UpdateMeBody } from './me.schemas.ts';
import { describeCaller, describeLevels, permissionOf } from './permissions.ts';

const me: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', {
    config: { access: 'guest' },
    schema: {
      operationId: 'getMe',
      tags: ['Me'],
      summary: "The caller's own record",
      response: { 200: { ...Ref(User), headers: { ETag: Etag } } },
    },
    handler: async (request, reply) => {
      const user = await findCaller(app.accounts, claimsOf(request).sub);
      reply.header('etag', etagOf(user));
      return user;
    },
  });

  app.patch('/', {
    config: { access: 'guest', problems: ['precondition-failed'] },
    schema: {
      operationId: 'changeMe',
      tags: ['Me'],
      summary: "Change the caller's name",
      headers: ConditionalHeaders,
      body: UpdateMeBody,
      response: { 200: { ...Ref(User), headers: { ETag: Etag } } },
    },
    handler: async (request, reply) => {
      const { body, headers } = request;
      const user = await changeOwnName(app.accounts, actorOf(request), body.name, preconditionOf(headers));
      reply.header('etag', etagOf(user));
      return user;
    },
  });

  app.delete('/', {
    config: {
      access: 'guest',
      session: true,
      maxAge: RECENT_SIGN_IN_SECONDS,
      optionalBody: true,
      problems: ['two-factors-required', 'last-admin', 'precondition-failed'],
    },
    schema: {
      operationId: 'deleteMe',
      tags: ['Me'],
      summary: 'Delete the account, and the personal data in the audit',
      headers: ConditionalHeaders,
      body: DeleteMeBody,
      response: { 204: NoContent('Deleted.') },
    },
    handler: async (request, reply) => {
      const actor = sessionActorOf(request);
      const precondition = preconditionOf(request.headers);
      await deleteUser(app.accounts, actor, actor.userId, precondition, RECENT_SIGN_IN_SECONDS);
      reply.code(204);
      return null;
    },
  });

  const levels = describeLevels(app.levels, app.config.secondFactor.limit);
  app.get('/permissions', {
    config: { access: 'guest' },
    schema: {
      operationId: 'listPermissions',
      tags: ['Me'],
      summary: 'Every operation of the API, and whether the caller may use it',
      description:
        'The levels, the methods and the time are those of the access token. With an API key, `key` says which.',
      response: { 200: Permissions },
    },
    handler: async (request) => {
      const claims = claimsOf(request);
      const permissions = app.operations.map((operation) => permissionOf(claims, operation));
      return { ...describeCaller(claims), levels, permissions };
    },
  });
};

export default me;
