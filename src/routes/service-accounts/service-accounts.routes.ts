import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ServiceAccount } from '../../accounts/service-accounts/schemas.ts';
import {
  changeServiceAccount,
  createServiceAccount,
  deleteServiceAccount,
  findServiceAccount,
  listServiceAccounts,
} from '../../accounts/service-accounts/service-accounts.ts';
import { RECENT_SIGN_IN_SECONDS } from '../../http/limits.ts';
import { sessionActorOf } from '../../http/request-context.ts';
import { Location, NoContent, Ref } from '../../http/schemas.ts';
import {
  ServiceAccountBody,
  ServiceAccountChange,
  ServiceAccountParams,
  ServiceAccounts,
} from './service-accounts.schemas.ts';

/** A sentence about the rule of accounts/authority.ts, for the contract. */
const ABOVE_CALLER =
  'A service account whose permanent or current level is above your permanent one is refused with `access-denied`.';

const writing = { access: 'admin', maxAge: RECENT_SIGN_IN_SECONDS, session: true } as const;

/** Service accounts: users without a password and an address. */
const serviceAccounts: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/', {
    config: writing,
    schema: {
      operationId: 'createServiceAccount',
      tags: ['Service accounts'],
      summary: 'Create a service account',
      description:
        'It cannot sign in: it acts with its API keys. The level is at most your own permanent one.',
      body: ServiceAccountBody(app.levels.all),
      response: { 201: { ...Ref(ServiceAccount), headers: { Location: Location('the service account') } } },
    },
    handler: async (request, reply) => {
      const account = await createServiceAccount(app.accounts, sessionActorOf(request), request.body);
      reply.code(201).header('location', `${app.config.publicUrl}/service-accounts/${account.id}`);
      return account;
    },
  });

  app.get('/', {
    config: { access: 'admin' },
    schema: {
      operationId: 'listServiceAccounts',
      tags: ['Service accounts'],
      summary: 'The service accounts, the oldest 1,000 of them',
      description: '`GET /users?kind=service` lists them page by page.',
      response: { 200: ServiceAccounts },
    },
    handler: async () => ({ serviceAccounts: await listServiceAccounts(app.accounts) }),
  });

  app.get('/:id', {
    config: { access: 'admin', problems: ['service-account-not-found'] },
    schema: {
      operationId: 'getServiceAccount',
      tags: ['Service accounts'],
      summary: 'One service account',
      params: ServiceAccountParams,
      response: { 200: Ref(ServiceAccount) },
    },
    handler: async (request) => findServiceAccount(app.accounts, request.params.id),
  });

  app.patch('/:id', {
    config: { ...writing, problems: ['service-account-not-found'] },
    schema: {
      operationId: 'changeServiceAccount',
      tags: ['Service accounts'],
      summary: "Change a service account's name, access level or state",
      description: `The change applies at once, to its keys too. ${ABOVE_CALLER}`,
      params: ServiceAccountParams,
      body: ServiceAccountChange(app.levels.all),
      response: { 200: Ref(ServiceAccount) },
    },
    handler: async (request) =>
      changeServiceAccount(app.accounts, sessionActorOf(request), request.params.id, request.body),
  });

  app.delete('/:id', {
    config: { ...writing, problems: ['service-account-not-found'] },
    schema: {
      operationId: 'deleteServiceAccount',
      tags: ['Service accounts'],
      summary: 'Delete a service account, and its keys',
      description: ABOVE_CALLER,
      params: ServiceAccountParams,
      response: { 204: NoContent('Deleted.') },
    },
    handler: async (request, reply) => {
      await deleteServiceAccount(app.accounts, sessionActorOf(request), request.params.id);
      reply.code(204);
      return null;
    },
  });
};

export default serviceAccounts;
