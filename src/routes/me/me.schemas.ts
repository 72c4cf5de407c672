import { Type } from 'typebox';
import { PasswordInput, UserName } from '../../accounts/users/schemas.ts';

export const UpdateMeBody = Type.Object({ name: UserName }, { additionalProperties: false });

export const DeleteMeBody = Type.Object({ password: PasswordInput }, { additionalProperties: false });

export const Permissions = Type.Object(
  {
    access: Type.Integer({ description: "the caller's access level", examples: [1] }),
    permissions: Type.Array(
      Type.Object({
        operationId: Type.String({ description: 'as in the OpenAPI document', examples: ['listUsers'] }),
        method: Type.String({ examples: ['GET'] }),
        path: Type.String({ description: 'as in the OpenAPI document', examples: ['/users'] }),
        minimum: Type.Union([Type.Integer(), Type.Null()], {
          description: 'the access level that it needs; null when it is public',
          examples: [1],
        }),
        allowed: Type.Boolean({ description: 'whether the caller may use it', examples: [true] }),
      }),
    ),
  },
  { description: 'Every operation of the API, and whether the caller may use it.' },
);
