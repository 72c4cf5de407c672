import { Type } from 'typebox';

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] });

/** @param maxUnsealed events up to which those that wait are counted */
export const AuditChain = (maxUnsealed: number) =>
  Type.Object(
    {
      head: Type.Union(
        [
          Type.Object({
            number: Type.Integer({ minimum: 1, description: 'its place in the chain', examples: [5023] }),
            hash: Type.String({
              description: 'its code, over itself and the event before it',
              examples: ['0vZyKQwW2nDqzF6cP4e7rXb1uJmTg9sLhA3kYiO8NdE'],
            }),
          }),
          Type.Null(),
        ],
        { description: 'the newest sealed event; null while none is sealed' },
      ),
      oldest: Type.Union(
        [
          Type.Object({
            number: Type.Integer({ minimum: 1, description: 'its place in the chain', examples: [1] }),
            createdAt: Timestamp,
          }),
          Type.Null(),
        ],
        {
          description:
            'the oldest sealed event that is kept: those before it were pruned; null while there is none',
        },
      ),
      sealedAt: Type.Union([Timestamp, Type.Null()], {
        description: 'when events were last sealed or pruned; null while there is no chain',
        examples: ['2026-01-31T12:00:00.000Z'],
      }),
      unsealed: Type.Integer({
        minimum: 0,
        maximum: maxUnsealed,
        description: `events that are not sealed yet; ${maxUnsealed} stands for this many and more. An event is sealed within 2 seconds; one that the service did not write never is`,
        examples: [2],
      }),
      isAuthentic: Type.Boolean({
        description:
          'false when the ends of the chain are not as the service wrote them: `latchkey audit verify` says more',
        examples: [true],
      }),
    },
    { description: 'The ends of the audit chain.' },
  );
