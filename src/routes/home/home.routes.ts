import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
// TypeScript 7 finds the members that are added to FastifyInstance only where the module is named.
import type {} from 'fastify';
import { version } from '../../config/index.ts';
import { Contract, Home } from './home.schemas.ts';

const home: FastifyPluginAsyncTypebox = async (app) => {
  const { publicUrl } = app.config;
  const links = {
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
      summary: 'The service and its links',
      response: { 200: Home },
    },
    handler: async () => ({ name: 'Latchkey', version, links }),
  });

  app.get('/openapi.json', {
    config: { access: 'public' },
    schema: {
      operationId: 'getContract',
      tags: ['Service'],
      summary: 'The OpenAPI document',
      response: { 200: Contract },
    },
    handler: async () => app.swagger(),
  });
};

export default home;
