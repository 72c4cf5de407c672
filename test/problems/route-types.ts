/**
 * What TypeScript accepts and refuses in routes of an embedding app. `npm run typecheck` compiles this file,
 * and reports each `@ts-expect-error` whose line has no error.
 */
import type { FastifyInstance } from 'fastify';
import { type AppOptions, problem } from '#latchkey/index.ts';

declare module '#latchkey/index.ts' {
  interface OwnProblems {
    'out-of-stock': true;
  }
}

const handler = async () => 'done';

export const options: AppOptions = {
  problems: { 'out-of-stock': { status: 409, title: 'Out of stock', detail: 'There are none left.' } },
};

export function declareRoutes(app: FastifyInstance): void {
  app.get('/a', { config: { access: 'user', maxAge: 60, problems: ['out-of-stock', 'busy'] } }, handler);
  app.get('/b', { config: { access: 'public', rateLimit: { max: 10 }, mine: true } }, handler);
  // @ts-expect-error: access
  app.get('/c', { config: { acess: 'user' } }, handler);
  // @ts-expect-error: access
  app.route({ method: 'GET', url: '/d', config: { Access: 'user' }, handler });
  // @ts-expect-error: factors
  app.get('/g', { config: { access: 'user', factor: 2 } }, handler);
  // @ts-expect-error: 1 or 2
  app.get('/h', { config: { access: 'user', factors: 3 } }, handler);
  // @ts-expect-error: maxAge
  app.get('/e', { config: { access: 'user', maxage: 60 } }, handler);
  // @ts-expect-error: out-of-stock
  app.get('/f', { config: { access: 'user', problems: ['out-of-stok'] } }, handler);
  // @ts-expect-error: an access level is a name or a number
  app.get('/g', { config: { access: true } }, handler);
}

export function throwProblems(): void {
  problem('out-of-stock', { detail: 'The last one was sold today.' });
  problem('not-found');
  problem(404, { detail: 'There is no such order.' });
  // @ts-expect-error: out-of-stock
  problem('out-of-stok');
}
