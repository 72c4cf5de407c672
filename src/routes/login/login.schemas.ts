import { Type } from 'typebox';
import { AssignableAccess, GivenEmail, GivenPassword } from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';

export const Credentials = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      email: GivenEmail,
      password: GivenPassword,
      access: Type.Optional({
        ...AssignableAccess(levels),
        description: 'the most that the tokens may do, when that is less than the user may',
      }),
    },
    { additionalProperties: false },
  );
