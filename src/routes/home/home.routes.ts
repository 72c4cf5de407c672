import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
// TypeScript 7 finds the members that are added to FastifyInstance only where the module is named.
import type {} from 'fastify';
import { availableMethods, version } from '../../config/index.ts';
import { Contract, Home } from './home.schemas.ts';

const home: FastifyPluginAsyncTypebox = async (app) => {
  const { publicUrl, hasPages, registration, passwordMinLength } = app.config;
  const signInMethods = availableMethods(app.config);
  const links = {
    ...(hasPages && { pages: `${publicUrl}/ui` }),
    docs: `${publicUrl}/docs`,
    openapi: `${publicUrl}/openapi.json`,
    register: `${publicUrl}/register`,
    login: `${publicUrl}/login`,
    me: `${publicUrl}/me`,
    users: `${publicUrl}/users`,
    controlPanel: `${publicUrl}/control-panel`,
    problems: `${publicUrl}/problems`,
    live: `${publicUrl}/health/live`,
    ready: `${publicUrl}/health/ready`,
  };

  app.get('/', {
    config: { access: 'public' },
    schema: {
      operationId: 'getHome',
      tags: ['Service'],
      summary: 'The service, its settings that frontends need, and its links',
      response: { 200: Home },
    },
    handler: async () => ({
      name: 'Latchkey',
      version,
      settings: {
        registration,
        signInMethods,
        passwordMinLength,
        mail: app.accounts.outbox.settings.hasServer,
      },
      links,
    }),
  });

  // Serialized once: it has hundreds of kilobytes, and anybody may ask for it.
  let contract: string | undefined;
  app.get('/openapi.json', {
    config: { access: 'public' },
    schema: {
      operationId: 'getContract',
      tags: ['Service'],
      summary: 'The OpenAPI document',
      response: { 200: Contract },
    },
    handler: async (_request, reply) => {
      const document = app.swagger();
      reply.type('application/json; charset=utf-8').serializer(() => {
        contract ??= JSON.stringify(document);
        return contract;
      });
      return document;
    },
  });
};

export default home;
