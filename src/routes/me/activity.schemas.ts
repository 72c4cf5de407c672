import { Type } from 'typebox';
import { AuditEvent } from '../../audit/event.schemas.ts';
import { EventCursor, NextCursor, PageLimit, Ref } from '../../http/schemas.ts';

export const ActivityQuery = Type.Object(
  {
    limit: PageLimit('events'),
    cursor: Type.Optional(EventCursor),
  },
  { additionalProperties: false },
);

export const Activity = Type.Object(
  {
    events: Type.Array(Ref(AuditEvent)),
    nextCursor: NextCursor,
  },
  { description: 'A page of what the caller did and what was done to the caller, newest first.' },
);
