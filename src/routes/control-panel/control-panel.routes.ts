import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { findWithoutSecondFactor } from '../../accounts/authenticators/without-second-factor.ts';
import { Overview } from '../../accounts/overview/overview.ts';
import { version } from '../../config/index.ts';
import { ControlPanel } from './control-panel.schemas.ts';

const controlPanel: FastifyPluginAsyncTypebox = async (app) => {
  const overview = new Overview(app.accounts);
  app.get('/', {
    config: { access: 'admin' },
    schema: {
      operationId: 'getControlPanel',
      tags: ['Administration'],
      summary: 'The service at a glance',
      response: { 200: ControlPanel },
    },
    handler: async () => ({
      users: await overview.readUsers(),
      signIns: await overview.readSignIns(),
      ...(await overview.readPending()),
      withoutSecondFactor: (
        await findWithoutSecondFactor(app.accounts.db, app.accounts.secondFactor, app.levels)
      ).length,
      version,
      uptime: Math.floor(process.uptime()),
      database: app.databaseKind,
    }),
  });
};

export default controlPanel;
