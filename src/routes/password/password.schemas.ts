import { Type } from 'typebox';
import { EmailAddress, GivenMailToken, NewPassword } from '../../accounts/users/schemas.ts';

export const ForgottenPassword = Type.Object({ email: EmailAddress }, { additionalProperties: false });

export const PasswordReset = (passwordMinLength: number) =>
  Type.Object(
    { token: GivenMailToken, newPassword: NewPassword(passwordMinLength) },
    { additionalProperties: false },
  );
