import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { RunningChecks } from '../../checks/running.ts';
import { Settings } from './settings.schemas.ts';

const levels = { ok: 'ok', warning: 'warning', problem: 'error' } as const;

const settings: FastifyPluginAsyncTypebox = async (app) => {
  const { config, accounts, keys } = app;
  const { db, now } = accounts;
  const checks = new RunningChecks({
    config,
    keys,
    log: app.log,
    database: { db, now, kind: app.databaseKind },
  });
  app.get('/', {
    config: { access: 'admin' },
    schema: {
      operationId: 'getSettings',
      tags: ['Administration'],
      summary: 'The configuration as it runs, without secrets',
      description:
        'Of a secret it says only whether it is set. The findings are kept for 10 seconds. `latchkey doctor` also asks the mail server, opens `PUBLIC_URL`, and looks at migrations, rights and passkeys.',
      response: { 200: Settings },
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      const [recorded, { findings, checkedAt }] = await Promise.all([
        db.signingKey.findMany({ where: { kid: { in: keys.verification.map(({ kid }) => kid) } } }),
        checks.read(),
      ]);
      return {
        settings: config.settings.map(({ isSecret, ...setting }) => ({ ...setting, secret: isSecret })),
        levels: app.levels.all.map(({ number, name }) => ({ access: number, name })),
        keys: keys.verification.map(({ kid, algorithm }) => ({
          kid,
          alg: algorithm,
          createdAt: recorded.find((key) => key.kid === kid)?.recordedAt.toISOString() ?? null,
          state: kid === keys.signing.kid ? ('signing' as const) : ('verifying' as const),
        })),
        findings: findings.map(({ check, status, found, advice = null }) => ({
          check,
          level: levels[status],
          text: found,
          advice,
        })),
        checkedAt: checkedAt.toISOString(),
      };
    },
  });
};

export default settings;
