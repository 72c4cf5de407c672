import { Type } from 'typebox';
import { EmailAddress, NewPassword, UserName } from '../../accounts/users/schemas.ts';

export const Registration = (passwordMinLength: number) =>
  Type.Object(
    { name: UserName, email: EmailAddress, password: NewPassword(passwordMinLength) },
    { additionalProperties: false },
  );
