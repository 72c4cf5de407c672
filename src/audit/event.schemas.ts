import { type Static, Type } from 'typebox';

const Id = (description: string) =>
  Type.String({ format: 'uuid', description, examples: ['01890a5d-ac96-774b-bcce-b302099a8057'] });
const OrNull = <Schema extends Type.TSchema>(schema: Schema, description: string, example: unknown) =>
  Type.Union([schema, Type.Null()], { description, examples: [example] });

/** What an event says of before and after. */
const Members = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
);
export type Members = Static<typeof Members>;

/** What a row of personal data holds of whoever did something, or of whom it was done to. */
export const PersonalMembers = Type.Object({
  ip: Type.Optional(Type.String()),
  userAgent: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  before: Type.Optional(Members),
  after: Type.Optional(Members),
  reason: Type.Optional(Type.String()),
});
export type PersonalMembers = Static<typeof PersonalMembers>;

export { Members };

export const AuditEvent = Type.Object(
  {
    id: Id('UUIDv7 of the time of the event'),
    number: OrNull(Type.Integer(), 'place in the chain; null for some seconds, until it is sealed', 4711),
    action: Type.String({
      description: 'what happened; one that you do not know may come with an update',
      examples: ['user.access-changed'],
    }),
    actorId: OrNull(
      Type.String(),
      'the user who did it; null for strangers and for the service itself',
      '01890a5d-ac96-774b-bcce-b302099a8057',
    ),
    targetId: OrNull(
      Type.String(),
      'on whom: the id of a user; else that of an invitation, the kid of a key or the name of a level',
      '01890a5d-b7e2-7c1a-9d0f-3f1e5a6b7c8d',
    ),
    before: OrNull(Members, 'what it was', { access: 1, accessUntil: null }),
    after: OrNull(Members, 'what it is since', { access: 2, accessUntil: null }),
    reason: OrNull(Type.String(), 'why, as whoever did it gave it; for admins only', 'moved to another team'),
    count: Type.Integer({
      minimum: 1,
      description: 'how often: what a stranger can repeat is counted, and written as one event',
      examples: [1],
    }),
    ip: OrNull(Type.String(), 'where it was done from; null once the person has left', '203.0.113.5'),
    userAgent: OrNull(Type.String(), 'what it was done with', 'curl/8.5.0'),
    requestId: OrNull(Type.String(), 'finds the request in the log', 'req-1'),
    createdAt: Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] }),
  },
  {
    $id: 'AuditEvent',
    description: 'Something that happened. What is said of a person goes when that person leaves.',
  },
);
export type AuditEvent = Static<typeof AuditEvent>;
