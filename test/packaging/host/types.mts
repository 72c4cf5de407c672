import type { FastifyInstance } from 'fastify';
import { type OwnProblemTable, problem } from 'latchkey';
import type { Config } from 'latchkey/config';
import { requireAccess } from 'latchkey/guard';
import 'latchkey/request-user';
import { serve } from 'latchkey/server';
import { injectAs } from 'latchkey/testing';

export function declareRoutes(app: FastifyInstance): void {
  app.get('/a', { preHandler: requireAccess(1) }, async ({ user }) => user?.sub);
  // @ts-expect-error: access
  app.get('/b', { config: { acess: 'user' } }, async () => 'never');
  // @ts-expect-error: maxAge
  app.get('/c', { config: { access: 'user', maxage: 60 } }, async () => 'never');
  // @ts-expect-error: factors
  app.get('/e', { config: { access: 'user', factor: 2 } }, async () => 'never');
  // @ts-expect-error: no such problem
  app.get('/d', { config: { access: 'user', problems: ['out-of-stok'] } }, async () => 'never');
}

// @ts-expect-error: no such problem
export const wrong = () => problem('out-of-stok');

export const start = (config: Config, problems: OwnProblemTable) => serve(config, { problems });
export { injectAs };
