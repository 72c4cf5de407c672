import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CURSOR_PATTERN, readCursor, writeCursor } from '../../tokens/feed-cursor.ts';
import { Feed, FeedQuery } from './revocations.schemas.ts';

const revocations: FastifyPluginAsyncTypebox = async (app) => {
  const { levels, accounts, feedReaders, keys } = app;
  const kids = keys.verification.map(({ kid }) => kid);
  const { limit } = accounts.secondFactor;

  app.get('/', {
    config: { access: 'admin', isFeed: true, problems: ['feed-not-complete'] },
    schema: {
      operationId: 'listRevocations',
      tags: ['Service'],
      summary: 'What is no longer valid, for services that verify tokens themselves',
      description:
        'Read it again and again with `after` and `wait=1`. docs/reference/feed.md describes the protocol on one page.',
      querystring: FeedQuery(CURSOR_PATTERN),
      response: { 200: Feed },
    },
    handler: async ({ query: { after, wait } }, reply) => {
      const position = after === undefined ? undefined : readCursor(after);
      const {
        entries,
        resync,
        complete,
        asOf,
        time,
        position: next,
      } = await feedReaders.read(position, wait === 1);
      reply.header('cache-control', 'no-store');
      return {
        entries: [...entries],
        cursor: writeCursor(next),
        resync,
        complete,
        asOf,
        time,
        kids,
        levels: levels.all.map(({ name, number }) => ({ name, number })),
        secondFactor: limit === undefined ? null : { from: limit.from, below: limit.below },
      };
    },
  });
};

export default revocations;
