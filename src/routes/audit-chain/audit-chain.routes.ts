import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { MAX_COUNTED_UNSEALED, readChainState } from '../../audit/chain-state.ts';
import { AuditChain } from './audit-chain.schemas.ts';

const auditChain: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', {
    config: { access: 'admin' },
    schema: {
      operationId: 'getAuditChain',
      tags: ['Administration'],
      summary: 'The ends of the audit chain, which is not verified here',
      description:
        'Compare `head` with the last line `Audit chain head` of the log, or with one that you have noted before: `<number>:<hash>`. The number never falls, and the same number has the same hash; else the end of the chain was cut off or replaced. `latchkey audit verify --head <number>:<hash>` verifies every event up to it, and takes earlier heads too.',
      response: { 200: AuditChain(MAX_COUNTED_UNSEALED) },
    },
    handler: async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return readChainState(app.audit);
    },
  });
};

export default auditChain;
