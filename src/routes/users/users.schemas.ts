import { Type } from 'typebox';
import {
  AssignableAccess,
  EmailAddress,
  ExternalIdInput,
  NewPassword,
  Reason,
  UserName,
  UserSort,
  VisibleUser,
} from '../../accounts/users/schemas.ts';
import type { AccessLevel } from '../../config/index.ts';
import { NextCursor, PageLimit, Ref } from '../../http/schemas.ts';

/** A sentence about the rule of accounts/authority.ts, for the contract. */
export const ABOVE_CALLER =
  'A user whose permanent or current level is above your permanent one is refused with `access-denied`.';

export const UserParams = Type.Object({
  id: Type.String({
    format: 'uuid',
    description: 'id of a user',
    examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
  }),
});

export const UserQuery = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      limit: PageLimit('users'),
      // A name of 100 characters can become 33 bytes for each, written twice, in base64 (4/3):
      // accounts/users/cursor.ts.
      cursor: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 10_000,
          description: '`nextCursor` of the page before, with the same `sort`',
        }),
      ),
      q: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 254,
          description:
            'beginning of the name or, with `sort=email` or `-email`, of the address; case and accents do not matter',
          examples: ['ada'],
        }),
      ),
      access: Type.Optional(AssignableAccess(levels)),
      disabled: Type.Optional(
        Type.Boolean({
          description: 'true for disabled users only, false for the others; for admins',
          examples: [false],
        }),
      ),
      elevated: Type.Optional(
        Type.Literal(true, {
          description:
            'true for only those people whose level has a time limit (`accessUntil`) that is not over; `sort`, `access` and `disabled` may be sent with it; for admins',
        }),
      ),
      kind: Type.Optional(
        Type.Enum(['person', 'service'], {
          description: 'people, which is the default, or service accounts; the latter are for admins',
          examples: ['service'],
        }),
      ),
      externalId: Type.Optional({
        ...ExternalIdInput,
        description: 'the id in the system that a user was imported from: one user at most; for admins',
      }),
      sort: Type.Optional(UserSort),
    },
    { additionalProperties: false },
  );

export const UserPage = Type.Object(
  {
    users: Type.Array(Ref(VisibleUser)),
    nextCursor: NextCursor,
  },
  { description: 'A page of users.' },
);

export const CreateUserBody = (levels: readonly AccessLevel[], passwordMinLength: number) =>
  Type.Object(
    {
      name: UserName,
      email: { ...EmailAddress, examples: ['alan@example.com'] },
      access: Type.Optional(AssignableAccess(levels)),
      password: Type.Optional(NewPassword(passwordMinLength)),
    },
    { additionalProperties: false },
  );

export const UserChangeBody = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      name: Type.Optional(UserName),
      access: Type.Optional(AssignableAccess(levels)),
      disabled: Type.Optional(
        Type.Boolean({ description: 'a disabled user cannot sign in', examples: [false] }),
      ),
      accessUntil: Type.Optional(
        Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
          description:
            'when the access level expires and the permanent one is back, in whole seconds; without it the level is permanent',
          examples: [null],
        }),
      ),
      reason: Type.Optional({ ...Reason, examples: ['moved to another team'] }),
    },
    // Renaming needs no recent sign-in, so the example works as it is.
    { additionalProperties: false, minProperties: 1, examples: [{ name: 'Ada Lovelace' }] },
  );
