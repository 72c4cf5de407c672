import { Type } from 'typebox';
import { AuditEvent } from '../../audit/event.schemas.ts';
import { Ref } from '../../http/schemas.ts';

const Moment = (description: string) =>
  Type.Optional(Type.String({ format: 'date-time', description, examples: ['2026-01-31T12:00:00Z'] }));

/**
 * Makes the schema of the query.
 *
 * @param actions that can be filtered by
 */
export const EventQuery = <const Action extends string>(actions: readonly Action[]) =>
  Type.Object(
    {
      limit: Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 20,
        description: 'events per page',
        examples: [20],
      }),
      cursor: Type.Optional(Type.String({ description: '`nextCursor` of the page before', maxLength: 200 })),
      actor: Type.Optional(
        Type.String({ format: 'uuid', description: 'the id of the user who acted; the user may be deleted' }),
      ),
      target: Type.Optional(
        Type.String({
          pattern: '^[A-Za-z0-9_-]{1,64}$',
          description: 'the target: the id of a user or an invitation, the kid of a key, the name of a level',
        }),
      ),
      action: Type.Optional(
        Type.Unsafe<Action>({ type: 'string', enum: [...actions], description: 'what happened' }),
      ),
      from: Moment('not before this time'),
      until: Moment('before this time'),
    },
    { additionalProperties: false },
  );

export const EventPage = Type.Object(
  {
    events: Type.Array(Ref(AuditEvent)),
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: 'send it as `cursor` for the next page; null on the last one',
    }),
  },
  { description: 'A page of events, newest first.' },
);
