import { Type } from 'typebox';

const formOf = (tokens: string) =>
  Type.Object(
    {
      token: Type.String({
        maxLength: 4_096,
        description: tokens,
        examples: ['01890a5d-ac96-774b-bcce-b302099a8057.0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmE'],
      }),
      token_type_hint: Type.Optional(
        Type.String({
          description: 'not needed: the form of a token says what it is',
          examples: ['access_token'],
        }),
      ),
    },
    { additionalProperties: false },
  );

/** The form of RFC 7009 section 2.1. */
export const RevocationForm = formOf('an access token or a refresh token');

/** The form of introspection, with a parameter for the context of the query (RFC 7662 section 2.1). */
export const IntrospectionForm = Type.Object(
  {
    ...formOf('an access token or an API key').properties,
    purpose: Type.Optional(
      Type.Literal('cache', {
        description:
          'for a service that keeps the answer and compares it with `GET /revocations` at each use, as `@latchkey/guard` does: an API key is read from the database, and has `cap`, `operations` and `owner`',
      }),
    ),
  },
  { additionalProperties: false },
);

const Seconds = (description: string) =>
  Type.Integer({
    minimum: 0,
    description: `${description}, in seconds since 1970`,
    examples: [1_767_225_600],
  });

export const Introspection = Type.Object(
  {
    active: Type.Boolean({ description: 'false, and nothing else, for every token that is not valid' }),
    token_type: Type.Optional(Type.Literal('Bearer')),
    iss: Type.Optional(Type.String({ examples: ['https://id.example.com'] })),
    aud: Type.Optional(Type.String({ examples: ['https://id.example.com'] })),
    sub: Type.Optional(Type.String({ examples: ['0197f8d2-7f5a-7c63-9d1e-2b1f6a4c8e01'] })),
    sid: Type.Optional(Type.String({ examples: ['0197f8d2-8a10-7b52-8c3d-5e6f7a8b9c02'] })),
    key: Type.Optional(
      Type.String({
        description: 'id of an API key; access tokens have `sid`',
        examples: ['0197f8d2-9b20-7d41-8e5f-6a7b8c9d0e03'],
      }),
    ),
    cap: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'of an API key, with `purpose=cache`: the most that it may do',
        examples: [2],
      }),
    ),
    operations: Type.Optional(
      Type.Array(Type.String({ examples: ['*'] }), {
        description:
          'of an API key, with `purpose=cache`: the operations that it may call, or `*` for all. They are those of this service: accept the key elsewhere only where `*` is listed, or for a route that declares one of them',
      }),
    ),
    owner: Type.Optional(
      Type.Object(
        {
          service: Type.Boolean({
            description: 'true for a service account, whose keys `secondFactor` of the feed does not limit',
          }),
          access: Type.Integer({ minimum: 0, description: 'the level until `access_until`', examples: [2] }),
          permanent_access: Type.Integer({
            minimum: 0,
            description: 'the level from `access_until` on',
            examples: [1],
          }),
          access_until: Type.Optional(Seconds('when an elevation ends; `access` has no end without it')),
        },
        {
          additionalProperties: false,
          description:
            'of an API key, with `purpose=cache`: its owner. The level of the key is the lower one of `cap` and of the level of the owner at each moment',
        },
      ),
    ),
    client_id: Type.Optional(Type.String({ examples: ['latchkey'] })),
    access: Type.Optional(
      Type.Integer({ minimum: 0, description: 'the level that counts now', examples: [1] }),
    ),
    access2: Type.Optional(
      Type.Integer({ minimum: 0, description: 'the level that a second factor would give', examples: [2] }),
    ),
    acr: Type.Optional(Type.String({ examples: ['1'] })),
    amr: Type.Optional(Type.Array(Type.String({ examples: ['pwd'] }))),
    gen: Type.Optional(Type.Integer({ minimum: 0, examples: [0] })),
    auth_time: Type.Optional(Seconds('when the account proved itself')),
    iat: Type.Optional(Seconds('when it was issued')),
    exp: Type.Optional(Seconds('when it ends')),
    jti: Type.Optional(Type.String({ examples: ['7d1c3a52-4b0e-4a63-9a51-3f8f0d6f2f10'] })),
  },
  { description: 'The state of a token (RFC 7662 section 2.2).' },
);
