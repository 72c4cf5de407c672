import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { accessDenied } from '../../access/challenges.ts';
import { claimsOf, requireRecentSignIn } from '../../access/guard.ts';
import { inviteByHand } from '../../accounts/invitations/invitations.ts';
import { HandedInvitation } from '../../accounts/invitations/schemas.ts';
import { createUserAs } from '../../accounts/users/create.ts';
import { deleteUser } from '../../accounts/users/delete.ts';
import { listUsers } from '../../accounts/users/list.ts';
import { User, VisibleUser } from '../../accounts/users/schemas.ts';
import { changeUser, type WantedUser } from '../../accounts/users/update.ts';
import { findUser } from '../../accounts/users/users.ts';
import { ConditionalHeaders, Etag, etagOf, preconditionOf } from '../../http/etag.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { nextPage } from '../../http/pagination.ts';
import { actorOf } from '../../http/request-context.ts';
import { Location, NextPage, NoContent, Ref } from '../../http/schemas.ts';
import { parseTimestamp, toWholeSeconds } from '../../lib/timestamps.ts';
import { invalidBody } from '../../problems/problem.ts';
import {
  ABOVE_CALLER,
  CreateUserBody,
  UserChangeBody,
  UserPage,
  UserParams,
  UserQuery,
} from './users.schemas.ts';

const users: FastifyPluginAsyncTypebox = async (app) => {
  const { levels } = app;
  /** The properties of a user that the caller may see. Admins see all, users see the name and the level. */
  const visibleTo = (access: number, user: User): VisibleUser =>
    access >= levels.admin
      ? user
      : { id: user.id, name: user.name, access: user.access, accessName: user.accessName };

  app.get('/', {
    config: { access: 'user' },
    schema: {
      operationId: 'listUsers',
      tags: ['Users'],
      summary: 'List, search and sort the users',
      description:
        'Oldest first unless `sort` says otherwise. People are listed; `kind=service` lists the service accounts. `kind`, `disabled`, `elevated`, `externalId`, and sorting and searching by email, are for admins, because they would reveal what only admins see.',
      querystring: UserQuery(levels.all),
      response: { 200: { ...UserPage, headers: { Link: NextPage } } },
    },
    handler: async (request, reply) => {
      const { access } = claimsOf(request);
      const { query } = request;
      const isForAdmins =
        query.kind === 'service' ||
        query.disabled !== undefined ||
        query.elevated !== undefined ||
        query.externalId !== undefined ||
        query.sort?.endsWith('email');
      if (isForAdmins && access < levels.admin) throw accessDenied(levels.admin, access);
      const page = await listUsers(app.accounts, query);
      if (page.nextCursor !== null) reply.header('link', nextPage(request, page.nextCursor));
      return { users: page.users.map((user) => visibleTo(access, user)), nextCursor: page.nextCursor };
    },
  });

  app.post('/', {
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      problems: ['email-taken', 'invitation-exists', 'sign-in-method-off'],
    },
    schema: {
      operationId: 'createUser',
      tags: ['Users'],
      summary: 'Create a user, or an invitation to hand over; no mail is sent',
      description:
        'With a password the user is created at once (201). Without one, the answer (202) has the link and the token of an invitation, which is valid for 7 days and only while you are an admin: hand it over, for it is not shown again. The level is at most your own permanent one. Without a level, it is that of new users.',
      body: CreateUserBody(levels.all, app.config.passwordMinLength),
      response: {
        201: { ...Ref(User), headers: { Location: Location('the user') } },
        202: Ref(HandedInvitation),
      },
    },
    handler: async (request, reply) => {
      const { password, access = levels.default, ...person } = request.body;
      reply.header('cache-control', 'no-store');
      if (password === undefined) {
        reply.code(202);
        return inviteByHand(app.accounts, actorOf(request), { ...person, access });
      }
      const user = await createUserAs(app.accounts, actorOf(request), { ...person, access, password });
      reply.code(201).header('location', `${app.config.publicUrl}/users/${user.id}`);
      return user;
    },
  });

  app.get('/:id', {
    config: { access: 'user', problems: ['user-not-found'] },
    schema: {
      operationId: 'getUser',
      tags: ['Users'],
      summary: 'One user',
      params: UserParams,
      response: { 200: { ...Ref(VisibleUser), headers: { ETag: Etag } } },
    },
    handler: async (request, reply) => {
      const { access } = claimsOf(request);
      const user = await findUser(app.accounts, request.params.id);
      if (access >= levels.admin) reply.header('etag', etagOf(user));
      return visibleTo(access, user);
    },
  });

  app.patch('/:id', {
    config: {
      access: 'admin',
      problems: [
        'user-not-found',
        'recent-sign-in-required',
        'key-not-allowed',
        'last-admin',
        'precondition-failed',
      ],
    },
    schema: {
      operationId: 'changeUser',
      tags: ['Users'],
      summary: "Change a user's name, access level or state",
      description: `All but a change of the name alone requires a sign-in within the last 15 minutes. The change applies at once. ${ABOVE_CALLER}`,
      params: UserParams,
      headers: ConditionalHeaders,
      body: UserChangeBody(levels.all),
      response: { 200: { ...Ref(User), headers: { ETag: Etag } } },
    },
    handler: async (request, reply) => {
      if (needsRecentSignIn(request.body)) requireRecentSignIn(request, RECENT_SIGN_IN_SECONDS);
      const wanted = toWanted(request.body);
      const precondition = preconditionOf(request.headers);
      const user = await changeUser(app.accounts, actorOf(request), request.params.id, wanted, precondition);
      reply.header('etag', etagOf(user));
      return user;
    },
  });

  app.delete('/:id', {
    config: {
      access: 'admin',
      maxAge: RECENT_SIGN_IN_SECONDS,
      problems: ['user-not-found', 'last-admin', 'precondition-failed'],
    },
    schema: {
      operationId: 'deleteUser',
      tags: ['Users'],
      summary: 'Delete a user',
      description: ABOVE_CALLER,
      params: UserParams,
      headers: ConditionalHeaders,
      response: { 204: NoContent('Deleted.') },
    },
    handler: async (request, reply) => {
      await deleteUser(app.accounts, actorOf(request), request.params.id, preconditionOf(request.headers));
      reply.code(204);
      return null;
    },
  });
};

/**
 * Tells whether a change gives or takes something. A name does neither, and can be set back; the reason is
 * stored with the change. Every other member needs a recent sign-in, also one that is added later.
 */
function needsRecentSignIn(body: object): boolean {
  return Object.keys(body).some((member) => member !== 'name' && member !== 'reason');
}

/** Reads the properties that an admin wants a user to have. @throws {Problem} `validation-failed` */
function toWanted({ accessUntil, ...wanted }: Static<ReturnType<typeof UserChangeBody>>): WantedUser {
  if (accessUntil === undefined) return wanted;
  return { ...wanted, accessUntil: accessUntil === null ? null : readUntil(accessUntil) };
}

/**
 * Reads the end of an elevation.
 *
 * @throws {Problem} `validation-failed` for a text in the right format whose time does not exist or cannot be
 *   stored
 */
function readUntil(text: string): Date {
  const time = parseTimestamp(text);
  if (time === undefined) throw invalidBody('/accessUntil', 'format', 'is a time that does not exist');
  return toWholeSeconds(time);
}

export default users;
