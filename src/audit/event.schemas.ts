import { type Static, Type } from 'typebox';

const Id = (description: string) =>
  Type.String({ format: 'uuid', description, examples: ['01890a5d-ac96-774b-bcce-b302099a8057'] });
const OrNull = <Schema extends Type.TSchema>(schema: Schema, description: string, example: unknown) =>
  Type.Union([schema, Type.Null()], { description, examples: [example] });

/** The values in `before` and `after` of an event. */
const Members = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
);
export type Members = Static<typeof Members>;

/** The contents of a row of personal data: about the actor or about the target of an event. */
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
    number: OrNull(
      Type.Integer(),
      'position in the chain; null until the event is sealed, which takes some seconds',
      4711,
    ),
    action: Type.String({
      description: 'what happened; an update may add further actions',
      examples: ['user.access-changed'],
    }),
    actorId: OrNull(
      Type.String(),
      'the user who did it; null for unauthenticated callers and for the service itself',
      '01890a5d-ac96-774b-bcce-b302099a8057',
    ),
    apiKeyId: OrNull(
      Type.String(),
      'the API key of the actor with which it was done; null for a session',
      '01890a5d-c1f4-7a2e-8b3c-4d5e6f7a8b9c',
    ),
    targetId: OrNull(
      Type.String(),
      'the id of the user or invitation, the kid of the key or the name of the level that it was done to',
      '01890a5d-b7e2-7c1a-9d0f-3f1e5a6b7c8d',
    ),
    before: OrNull(Members, 'the values before the change', { access: 1, accessUntil: null }),
    after: OrNull(Members, 'the values after the change', { access: 2, accessUntil: null }),
    reason: OrNull(Type.String(), 'the reason that the actor gave; for admins only', 'moved to another team'),
    count: Type.Integer({
      minimum: 1,
      description:
        'how often it happened: repeated actions of unauthenticated callers are counted and written as one event',
      examples: [1],
    }),
    ip: OrNull(
      Type.String(),
      'the IP address of the request; null after the user was deleted',
      '203.0.113.5',
    ),
    userAgent: OrNull(Type.String(), 'the user agent of the request', 'curl/8.5.0'),
    requestId: OrNull(Type.String(), 'the id of the request in the log', 'req-1'),
    createdAt: Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] }),
  },
  {
    $id: 'latchkey.AuditEvent',
    description: 'An event of the audit. Personal data in it is erased when the user is deleted.',
  },
);
export type AuditEvent = Static<typeof AuditEvent>;
