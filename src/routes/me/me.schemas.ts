import { Type } from 'typebox';
import { Session } from '../../accounts/session.schemas.ts';
import { GivenPassword, NewPassword, UserName } from '../../accounts/user.schemas.ts';
import { reference } from '../../http/schemas.ts';

export const OwnChange = Type.Object({ name: UserName }, { additionalProperties: false });

export const Reauthentication = Type.Object({ password: GivenPassword }, { additionalProperties: false });

export const PasswordChange = (minLength: number) =>
  Type.Object(
    { currentPassword: GivenPassword, newPassword: NewPassword(minLength) },
    { additionalProperties: false },
  );

export const SessionParams = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'id of a session',
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  }),
});

export const Sessions = Type.Object(
  { sessions: Type.Array(reference(Session)) },
  { description: "The caller's sessions, newest first." },
);

export const Permissions = Type.Object(
  {
    access: Type.Integer({ description: "the caller's access level", examples: [1] }),
    permissions: Type.Array(
      Type.Object({
        operationId: Type.String({ description: 'as in the OpenAPI document', examples: ['listUsers'] }),
        method: Type.String({ examples: ['GET'] }),
        path: Type.String({ description: 'as in the OpenAPI document', examples: ['/users'] }),
        minimum: Type.Union([Type.Integer(), Type.Null()], {
          description: 'the access level that it asks for; null when it is public',
          examples: [1],
        }),
        allowed: Type.Boolean({ description: 'whether the caller may', examples: [true] }),
      }),
    ),
  },
  { description: 'Every operation of the API, and whether the caller may.' },
);
