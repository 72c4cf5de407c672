import { Type } from 'typebox';
import { UserName } from '../../accounts/users/schemas.ts';

export const UpdateMeBody = Type.Object({ name: UserName }, { additionalProperties: false });

/** Nothing: who asks is known from the sign-in. A password of an older client is refused, not ignored. */
export const DeleteMeBody = Type.Object({}, { additionalProperties: false });

export const Permissions = Type.Object(
  {
    access: Type.Integer({ description: "the level of the caller's access token", examples: [1] }),
    access2: Type.Union([Type.Integer(), Type.Null()], {
      description: 'the level that a second factor would give; null where it gives no higher one',
      examples: [2],
    }),
    acr: Type.Enum(['1', '2'], {
      description: 'number of factors of the session; no level of NIST SP 800-63B',
      examples: ['1'],
    }),
    amr: Type.Array(Type.String(), {
      description: 'the methods that the session has proven (RFC 8176)',
      examples: [['pwd']],
    }),
    authenticatedAt: Type.String({
      format: 'date-time',
      description: 'when the caller last signed in or reauthenticated',
      examples: ['2026-01-31T12:00:00.000Z'],
    }),
    permissions: Type.Array(
      Type.Object({
        operationId: Type.String({ description: 'as in the OpenAPI document', examples: ['listUsers'] }),
        method: Type.String({ examples: ['GET'] }),
        path: Type.String({ description: 'as in the OpenAPI document', examples: ['/users'] }),
        minimum: Type.Union([Type.Integer(), Type.Null()], {
          description: 'the access level that it needs; null when it is public',
          examples: [1],
        }),
        maxAge: Type.Union([Type.Number(), Type.Null()], {
          description: 'seconds that may have passed since the sign-in; null where there is no limit',
          examples: [900],
        }),
        factors: Type.Integer({
          minimum: 1,
          maximum: 2,
          description: 'number of factors that it needs of every session',
          examples: [1],
        }),
        allowed: Type.Boolean({
          description: 'whether level and factors of the caller are enough; `maxAge` is not considered',
          examples: [true],
        }),
        secondFactor: Type.Boolean({
          description: 'whether a second factor would open it to the caller',
          examples: [false],
        }),
      }),
    ),
  },
  { description: 'Every operation of the API, and whether the caller may use it.' },
);
