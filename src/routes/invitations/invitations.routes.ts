import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { acceptanceOptions, acceptInvitation } from '../../accounts/invitations/accept.ts';
import {
  invite,
  listInvitations,
  resendInvitation,
  revokeInvitation,
} from '../../accounts/invitations/invitations.ts';
import { Invitation } from '../../accounts/invitations/schemas.ts';
import { PasskeyCreationOptions } from '../../accounts/passkeys/schemas.ts';
import { NewUser } from '../../accounts/users/new-user.schemas.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { nextPage } from '../../http/pagination.ts';
import { actorOf, requestContextOf } from '../../http/request-context.ts';
import { requireMail } from '../../http/responses.ts';
import { Location, NextPage, NoContent, Ref } from '../../http/schemas.ts';
import {
  Acceptance,
  AcceptanceOptions,
  CreateInvitationBody,
  InvitationPage,
  InvitationParams,
  InvitationQuery,
} from './invitations.schemas.ts';

/** Invitations: an admin invites a person by mail, and the person creates the account. */
const invitations: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      idempotent: true,
      problems: ['email-taken', 'invitation-exists', 'mail-not-configured'],
    },
    schema: {
      operationId: 'inviteUser',
      tags: ['Invitations'],
      summary: 'Invite a person',
      description:
        'Mails a token that is valid for 7 days to the address, and only while you are an admin. The level is at most your own permanent one. Without a level, the invitation has that of new users.',
      body: CreateInvitationBody(app.levels.all),
      response: { 201: { ...Ref(Invitation), headers: { Location: Location('the invitation') } } },
    },
    handler: async (request, reply) => {
      requireMail(app.accounts);
      const offer = { ...request.body, access: request.body.access ?? app.levels.default };
      const invitation = await invite(app.accounts, actorOf(request), offer);
      reply.code(201).header('location', `${app.config.publicUrl}/invitations/${invitation.id}`);
      return invitation;
    },
  });

  app.get('/', {
    config: { access: 'admin' },
    schema: {
      operationId: 'listInvitations',
      tags: ['Invitations'],
      summary: 'List the invitations that are not accepted yet',
      querystring: InvitationQuery,
      response: { 200: { ...InvitationPage, headers: { Link: NextPage } } },
    },
    handler: async (request, reply) => {
      const page = await listInvitations(app.accounts, request.query.limit, request.query.cursor);
      if (page.nextCursor !== null) reply.header('link', nextPage(request, page.nextCursor));
      return page;
    },
  });

  app.post('/:id/resend', {
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      idempotent: true,
      problems: ['invitation-not-found', 'mail-not-configured'],
    },
    schema: {
      operationId: 'resendInvitation',
      tags: ['Invitations'],
      summary: 'Mail an invitation again, with a new token',
      description:
        'The token before becomes invalid. An address gets at most 3 invitations an hour. Beyond that, no mail is sent and the last token stays valid. The level is at most your own permanent one.',
      params: InvitationParams,
      response: { 200: Ref(Invitation) },
    },
    handler: async (request) => {
      requireMail(app.accounts);
      return resendInvitation(app.accounts, actorOf(request), request.params.id);
    },
  });

  app.delete('/:id', {
    config: { access: 'admin', problems: ['invitation-not-found', 'key-not-allowed'] },
    schema: {
      operationId: 'revokeInvitation',
      tags: ['Invitations'],
      summary: 'Revoke an invitation',
      description: 'The level is at most your own permanent one.',
      params: InvitationParams,
      response: { 204: NoContent('Revoked.') },
    },
    handler: async (request, reply) => {
      await revokeInvitation(app.accounts, actorOf(request), request.params.id);
      reply.code(204);
      return null;
    },
  });

  app.post('/accept', {
    config: {
      access: 'public',
      problems: [
        'mail-token-invalid',
        'too-many-attempts',
        'passkey-invalid',
        'passkeys-not-available',
        'passkey-exists',
        'email-taken',
        'sign-in-method-off',
      ],
    },
    schema: {
      operationId: 'acceptInvitation',
      tags: ['Invitations'],
      summary: 'Accept an invitation, with a password or a passkey',
      description:
        'A passkey answers the options of `POST /invitations/accept/options`. Its account has ten recovery codes in the answer.',
      body: Acceptance(app.config.passwordMinLength),
      response: { 201: { ...Ref(NewUser), headers: { Location: Location('the user') } } },
    },
    handler: async (request, reply) => {
      const user = await acceptInvitation(app.accounts, request.body, requestContextOf(request));
      reply.code(201).header('location', `${app.config.publicUrl}/users/${user.id}`);
      if (user.recoveryCodes !== undefined) reply.header('cache-control', 'no-store');
      return user;
    },
  });

  app.post('/accept/options', {
    config: {
      access: 'public',
      problems: ['mail-token-invalid', 'too-many-attempts', 'passkeys-not-available'],
    },
    schema: {
      operationId: 'requestAcceptancePasskeyOptions',
      tags: ['Invitations'],
      summary: 'Get the options of a passkey to accept an invitation with',
      description:
        'For `navigator.credentials.create()`, with the token of the mail. It stays valid, and nothing is stored. The challenge is valid for 5 minutes and is used once.',
      body: AcceptanceOptions,
      response: { 200: Ref(PasskeyCreationOptions) },
    },
    handler: async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return acceptanceOptions(app.accounts, request.body, requestContextOf(request));
    },
  });
};

export default invitations;
