import { Type } from 'typebox';
import { Invitation } from '../../accounts/invitations/schemas.ts';
import { PasskeyAttestation } from '../../accounts/passkeys/credential.schemas.ts';
import {
  AssignableAccess,
  EmailAddress,
  GivenMailToken,
  NewPassword,
  UserName,
} from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';
import { NextCursor, PageLimit, Ref } from '../../http/schemas.ts';

export const InvitationParams = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'id of an invitation',
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  }),
});

export const InvitationQuery = Type.Object(
  {
    limit: PageLimit('invitations'),
    cursor: Type.Optional(Type.String({ format: 'uuid', description: '`nextCursor` of the page before' })),
  },
  { additionalProperties: false },
);

export const InvitationPage = Type.Object(
  {
    invitations: Type.Array(Ref(Invitation)),
    nextCursor: NextCursor,
  },
  { description: 'A page of invitations, newest first.' },
);

export const CreateInvitationBody = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      email: { ...EmailAddress, examples: ['grace@example.com'] },
      name: Type.Optional(UserName),
      access: Type.Optional(AssignableAccess(levels)),
    },
    { additionalProperties: false },
  );

const OwnAddress = Type.Optional({
  ...EmailAddress,
  description: 'an email address, in ASCII characters before the @; only the first admin sends it',
});

export const Acceptance = (passwordMinLength: number) =>
  Type.Object(
    {
      token: GivenMailToken,
      name: UserName,
      password: Type.Optional(NewPassword(passwordMinLength)),
      passkey: Type.Optional(Ref(PasskeyAttestation)),
      email: OwnAddress,
    },
    {
      additionalProperties: false,
      description: 'The token, a name, and either a password or a passkey.',
      examples: [
        {
          token: 'dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8',
          name: 'Grace Hopper',
          password: 'correct horse battery staple',
        },
      ],
    },
  );

export const AcceptanceOptions = Type.Object(
  {
    token: GivenMailToken,
    name: Type.Optional({
      ...UserName,
      description: 'the name that the authenticator shows; by default that of the invitation',
    }),
    email: OwnAddress,
  },
  {
    additionalProperties: false,
    examples: [{ token: 'dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8' }],
  },
);
