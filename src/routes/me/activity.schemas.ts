import { Type } from 'typebox';
import { AuditEvent } from '../../audit/event.schemas.ts';
import { Ref } from '../../http/schemas.ts';

export const ActivityQuery = Type.Object(
  {
    limit: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'events per page',
      examples: [20],
    }),
    cursor: Type.Optional(Type.String({ description: '`nextCursor` of the page before', maxLength: 200 })),
  },
  { additionalProperties: false },
);

export const Activity = Type.Object(
  {
    events: Type.Array(Ref(AuditEvent)),
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: 'send it as `cursor` for the next page; null on the last one',
    }),
  },
  { description: 'A page of what the caller did and what was done to the caller, newest first.' },
);
