import { Type } from 'typebox';
import { UserName } from '../../accounts/users/schemas.ts';

export const UpdateMeBody = Type.Object({ name: UserName }, { additionalProperties: false });

/** Nothing: who asks is known from the sign-in. A password of an older client is refused, not ignored. */
export const DeleteMeBody = Type.Object({}, { additionalProperties: false });

export const Permissions = Type.Object(
  {
    access: Type.Integer({ description: "the level of the caller's access token or API key", examples: [1] }),
    access2: Type.Union([Type.Integer(), Type.Null()], {
      description: 'the level that a second factor would give; null where it gives no higher one',
      examples: [2],
    }),
    cap: Type.Union([Type.Integer(), Type.Null()], {
      description: 'the highest level that was asked for at the sign-in; null where none was',
      examples: [1],
    }),
    acr: Type.Enum(['1', '2'], {
      description: 'number of factors of the session; no level of NIST SP 800-63B',
      examples: ['1'],
    }),
    amr: Type.Array(Type.String(), {
      description: 'the methods that the session has proven (RFC 8176)',
      examples: [['pwd']],
    }),
    authenticatedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
      description: 'when the caller last signed in or reauthenticated; null for an API key',
      examples: ['2026-01-31T12:00:00.000Z'],
    }),
    key: Type.Union(
      [
        Type.Object({
          id: Type.String({ format: 'uuid' }),
          operations: Type.Union([Type.Array(Type.String()), Type.Null()]),
          expiresAt: Type.String({ format: 'date-time' }),
        }),
        Type.Null(),
      ],
      { description: 'the API key that the request was sent with; null for a session', examples: [null] },
    ),
    levels: Type.Array(
      Type.Object({
        access: Type.Integer({ minimum: 0, description: 'access level', examples: [1] }),
        accessName: Type.String({ description: 'its name', examples: ['user'] }),
        secondFactor: Type.Boolean({
          description: 'whether it asks for a second factor: no API key of a person has it',
          examples: [false],
        }),
      }),
      { description: 'the access levels, ascending' },
    ),
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
        session: Type.Boolean({
          description: 'whether it needs a session: API keys are refused',
          examples: [false],
        }),
        stepUp: Type.Boolean({
          description:
            'whether it asks for a recent sign-in or two factors, also where that depends on the body',
          examples: [true],
        }),
        allowed: Type.Boolean({
          description:
            'whether level and factors of the caller are enough; `maxAge` is considered for API keys alone',
          examples: [true],
        }),
        secondFactor: Type.Boolean({
          description: 'whether a second factor would open it to the caller',
          examples: [false],
        }),
      }),
    ),
  },
  { description: 'The levels, and every operation of the API with whether the caller may use it.' },
);
