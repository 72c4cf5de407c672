import { Type } from 'typebox';
import { GivenMailToken, GivenPassword } from '../../accounts/users/schemas.ts';

export const Verification = Type.Object(
  {
    token: GivenMailToken,
    password: {
      ...GivenPassword,
      description: 'the password that was registered with, or that of the account which changes its address',
    },
  },
  { additionalProperties: false },
);
