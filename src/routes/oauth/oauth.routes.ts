import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { clientAddress } from '../../access/client-address.ts';
import { describeKey, describeKeyWhole, findValidKey, isWhole } from '../../access/introspect-key.ts';
import { endSession, endSessionOf } from '../../accounts/sessions/end.ts';
import { requestContextOf } from '../../http/request-context.ts';
import { invalidBody } from '../../problems/problem.ts';
import { API_KEY_PREFIX } from '../../tokens/api-key.ts';
import { findValidClaims } from '../../tokens/introspect.ts';
import { acceptForms } from './form-body.ts';
import { Introspection, IntrospectionForm, RevocationForm } from './oauth.schemas.ts';

const oauth: FastifyPluginAsyncTypebox = async (app) => {
  acceptForms(app);

  app.post('/introspect', {
    config: { access: 'admin', isFeed: true, writeLimit: 'none' },
    schema: {
      operationId: 'requestIntrospection',
      tags: ['Service'],
      summary: 'Whether an access token or an API key is valid, and what it may do (RFC 7662)',
      description:
        'For services that ask for each request, and for those that read `GET /revocations` and keep what they are told of an API key. An API key that lists operations is good for those alone: it is active only with `purpose=cache`, for a service that obeys `operations`.',
      consumes: ['application/json', 'application/x-www-form-urlencoded'],
      body: IntrospectionForm,
      response: { 200: Introspection },
    },
    handler: async (request, reply) => {
      const { token, purpose } = request.body;
      const isKept = purpose === 'cache';
      const iss = app.config.publicUrl;
      reply.header('cache-control', 'no-store');
      const key = await findValidKey(app.apiKeys, token, isKept);
      if (key !== undefined && (isKept || isWhole(key))) {
        app.apiKeys.noteUse(key.record.id, () => clientAddress(request));
        return { active: true, iss, ...(isKept ? describeKeyWhole(key) : describeKey(key)) };
      }
      const claims = await findValidClaims(app, token);
      return claims === undefined
        ? { active: false }
        : {
            active: true,
            token_type: 'Bearer' as const,
            ...claims,
            ...(claims.amr && { amr: [...claims.amr] }),
          };
    },
  });

  app.post('/revoke', {
    config: { access: 'public' },
    schema: {
      operationId: 'revokeToken',
      tags: ['Sign-in'],
      summary: 'End the session of an access token or of a refresh token (RFC 7009)',
      description:
        'Every client that has the token may end it. The answer is the same for a token that is not valid. A refresh token that was used before ends its session as at `POST /refresh`. An API key is refused with `validation-failed`: it ends with `DELETE /me/api-keys/{id}`, or an admin ends it.',
      consumes: ['application/json', 'application/x-www-form-urlencoded'],
      body: RevocationForm,
      response: { 200: Type.Object({}, { description: 'The token is not valid any more.' }) },
    },
    handler: async (request) => {
      const { token } = request.body;
      // An answer as for a token would say that the key is not valid any more.
      if (token.startsWith(API_KEY_PREFIX))
        throw invalidBody('/token', 'invalid', 'is an API key, which its owner or an admin ends');
      const requestContext = requestContextOf(request);
      const refreshToken = app.refreshTokens.read(token);
      if (refreshToken !== undefined) await endSessionOf(app.accounts, refreshToken, requestContext);
      const claims = refreshToken === undefined ? await findValidClaims(app, token) : undefined;
      if (claims !== undefined) {
        const { sub: userId, sid: sessionId, access, gen: generation } = claims;
        const actor = { userId, sessionId, access, generation, requestContext };
        await endSession(app.accounts, actor, sessionId);
      }
      return {};
    },
  });
};

export default oauth;
