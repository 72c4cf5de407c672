import { Type } from 'typebox';
import { EmailAddress, GivenPassword, NewPassword } from '../../accounts/users/schemas.ts';

export const Reauthentication = Type.Object({ password: GivenPassword }, { additionalProperties: false });

export const EmailChange = Type.Object(
  { email: EmailAddress, password: GivenPassword },
  { additionalProperties: false },
);

export const PasswordChange = (minLength: number) =>
  Type.Object(
    { currentPassword: GivenPassword, newPassword: NewPassword(minLength) },
    { additionalProperties: false },
  );
