import { type Static, Type } from 'typebox';

const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] });

export const Session = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['01890a5d-ac96-774b-bcce-b302099a8057'] }),
    createdAt: Timestamp,
    lastUsedAt: Type.String({
      format: 'date-time',
      description:
        'the hour of the last refresh before the current hour; the time of the sign-in when that is later',
      examples: ['2026-01-31T12:00:00.000Z'],
    }),
    expiresAt: Timestamp,
    ip: Type.String({ description: 'address that the sign-in came from', examples: ['203.0.113.5'] }),
    userAgent: Type.String({ description: 'User-Agent of the sign-in', examples: ['curl/8.5.0'] }),
    current: Type.Boolean({ description: 'whether it is the session of the request', examples: [true] }),
  },
  { $id: 'latchkey.Session', description: 'One sign-in on one device.' },
);
export type Session = Static<typeof Session>;

/** RFC 6749 section 5.1, in this API's camel case. */
export const AccessTokenAnswer = Type.Object(
  {
    accessToken: Type.String({
      description: 'send it as `Authorization: Bearer <accessToken>`',
      examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTg5MGE1ZCJ9.c2lnbmF0dXJl'],
    }),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'lifetime in seconds', examples: [900] }),
  },
  { $id: 'latchkey.AccessTokenAnswer', description: 'An access token.' },
);
export type AccessTokenAnswer = Static<typeof AccessTokenAnswer>;

/** The answer to a sign-in and to a refresh. */
export const TokenPair = Type.Object(
  {
    ...AccessTokenAnswer.properties,
    refreshToken: Type.Optional(
      Type.String({
        description:
          'send it to `POST /refresh` once, for the next pair; absent when the session is in a cookie',
        examples: ['01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE'],
      }),
    ),
  },
  {
    $id: 'latchkey.TokenPair',
    description:
      'An access token, and the refresh token for the next pair, unless the session is in a cookie.',
  },
);
export type TokenPair = Static<typeof TokenPair>;
