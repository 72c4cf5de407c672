import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { sessionOf } from '../../access/guard.ts';
import { addPasskey } from '../../accounts/passkeys/add.ts';
import { exampleAttestation, PasskeyAttestation } from '../../accounts/passkeys/credential.schemas.ts';
import { requestPasskey } from '../../accounts/passkeys/own-options.ts';
import { findPasskey, renamePasskey } from '../../accounts/passkeys/own-passkeys.ts';
import { removePasskey } from '../../accounts/passkeys/remove.ts';
import { Passkey } from '../../accounts/passkeys/schemas.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import { accessTokenAnswer, TokenPairAnswer, tokenPair } from '../../http/responses.ts';
import { Location, Ref } from '../../http/schemas.ts';
import { MAIL_CODE_PATTERN } from '../../tokens/mail-codes.ts';
import {
  PasskeyAdded,
  PasskeyChange,
  PasskeyEnrolment,
  PasskeyName,
  PasskeyParams,
} from './passkeys.schemas.ts';

export const PasskeyAddition = Type.Object(
  {
    passkey: Ref(PasskeyAttestation),
    name: Type.Optional({
      ...PasskeyName,
      description: 'a name for the list; by default "Passkey" or "Security key", with a number where needed',
    }),
    mailCode: Type.Optional(
      Type.String({
        pattern: MAIL_CODE_PATTERN,
        description:
          'the code that was mailed: 8 digits. Required when the answer of `POST /me/passkeys/options` said so, else not looked at',
      }),
    ),
  },
  { additionalProperties: false, examples: [{ passkey: exampleAttestation }] },
);

/** Two factors are asked of an account that has a second factor. The handler knows; the guard does not. */
const recent = { access: 'guest', session: true, maxAge: RECENT_SIGN_IN_SECONDS } as const;

/** The passkeys of the caller. No request here is idempotent: what shows a secret shows it once. */
const passkeys: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/options', {
    config: {
      ...recent,
      problems: ['two-factors-required', 'too-many-passkeys', 'passkeys-not-available'],
    },
    schema: {
      operationId: 'requestPasskey',
      tags: ['Me'],
      summary: 'Get the options of a new passkey',
      description:
        'For `navigator.credentials.create()`. They belong to this session; the challenge is valid for 5 minutes and is used once. An account that has a second factor needs a session with two factors. Where a first second factor raises the access level, a code for this challenge is mailed.',
      response: { 200: Ref(PasskeyEnrolment) },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return requestPasskey(app.accounts, sessionActorOf(request), recent.maxAge);
    },
  });

  app.post('/', {
    config: {
      ...recent,
      problems: [
        'two-factors-required',
        'passkey-invalid',
        'passkey-exists',
        'too-many-passkeys',
        'passkeys-not-available',
        'wrong-code',
      ],
    },
    schema: {
      operationId: 'createPasskey',
      tags: ['Me'],
      summary: 'Add a passkey: the session has two factors from then on',
      description:
        'Go on with the access token of the answer. Every answer uses up the challenge. The recovery codes are shown once. A passkey that does not verify its user is a second factor only, and is refused where nothing else signs in to the account.',
      body: PasskeyAddition,
      response: { 201: { ...Ref(PasskeyAdded), headers: { Location: Location('the passkey') } } },
    },
    handler: async (request, reply) => {
      const { passkey, grant, recoveryCodes } = await addPasskey(
        app.accounts,
        sessionActorOf(request),
        request.body,
        recent.maxAge,
      );
      reply.code(201).header('location', `${app.config.publicUrl}/me/passkeys/${passkey.id}`);
      return { passkey, ...accessTokenAnswer(app, reply, grant), recoveryCodes };
    },
  });

  app.get('/:id', {
    config: { access: 'guest', session: true, problems: ['passkey-not-found'] },
    schema: {
      operationId: 'getPasskey',
      tags: ['Me'],
      summary: 'One passkey of the caller',
      params: PasskeyParams,
      response: { 200: Ref(Passkey) },
    },
    handler: async (request) =>
      findPasskey(app.accounts.db, sessionOf(request).sub, request.params.id.toLowerCase()),
  });

  app.patch('/:id', {
    config: { ...recent, problems: ['two-factors-required', 'passkey-not-found'] },
    schema: {
      operationId: 'changePasskey',
      tags: ['Me'],
      summary: 'Rename a passkey',
      description: 'An account that has a second factor needs a session with two factors.',
      params: PasskeyParams,
      body: PasskeyChange,
      response: { 200: Ref(Passkey) },
    },
    handler: async (request) => {
      const change = { id: request.params.id.toLowerCase(), name: request.body.name };
      return renamePasskey(app.accounts, sessionActorOf(request), change, recent.maxAge);
    },
  });

  app.delete('/:id', {
    config: {
      ...recent,
      problems: ['two-factors-required', 'passkey-not-found', 'last-authenticator', 'same-origin-required'],
    },
    schema: {
      operationId: 'deletePasskey',
      tags: ['Me'],
      summary: 'Remove a passkey',
      description:
        'Where it is the only second factor, the recovery codes go with it, every other session ends, and earlier tokens stop working: go on with the pair of the answer, which has one factor. An account that nothing else signs in to keeps it. An account that has a second factor needs a session with two factors.',
      params: PasskeyParams,
      response: { 200: TokenPairAnswer },
    },
    handler: async (request, reply) => {
      const id = request.params.id.toLowerCase();
      return tokenPair(
        app,
        reply,
        await removePasskey(app.accounts, sessionActorOf(request), id, recent.maxAge),
      );
    },
  });
};

export default passkeys;
