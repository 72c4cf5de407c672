import { Type } from 'typebox';
import { AuditEvent } from '../../audit/event.schemas.ts';
import { EventCursor, NextCursor, PageLimit, Ref } from '../../http/schemas.ts';

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
      limit: PageLimit('events'),
      cursor: Type.Optional(EventCursor),
      actor: Type.Optional(
        Type.String({ format: 'uuid', description: 'the id of the user who acted; the user may be deleted' }),
      ),
      target: Type.Optional(
        Type.String({
          pattern: '^[A-Za-z0-9_\\-]{1,64}$',
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
    nextCursor: NextCursor,
  },
  { description: 'A page of events, newest first.' },
);
