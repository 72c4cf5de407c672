import { type Static, Type } from 'typebox';
import { EmailAddress, ExternalIdInput, UserName } from '../users/schemas.ts';

const UUID7 = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$';

/** Longer than any hash that is accepted. */
const MAX_HASH_LENGTH = 400;

const Level = Type.Integer({ description: 'the number of an access level' });
const Timestamp = Type.String({ maxLength: 40, description: 'a time as in 2026-01-31T12:00:00Z, or a date' });

/** A line of an export: a user that other software, or another Latchkey, can import. */
export const UserRecord = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: UUID7,
        description: 'a UUIDv7, as an export has it; an id of another kind goes into externalId',
      }),
    ),
    externalId: Type.Optional(
      Type.Union([ExternalIdInput, Type.Integer()], {
        description: 'the id in the system before: a text of 1 to 128 characters, or a whole number',
      }),
    ),
    name: UserName,
    email: EmailAddress,
    access: Type.Optional(Level),
    elevation: Type.Optional(
      Type.Union(
        [Type.Object({ access: Level, until: Timestamp }, { additionalProperties: false }), Type.Null()],
        { description: 'null, or a higher level with a time limit: { "access", "until" }' },
      ),
    ),
    disabled: Type.Optional(Type.Boolean({ description: 'true or false' })),
    createdAt: Type.Optional(Timestamp),
    updatedAt: Type.Optional(Timestamp),
    passwordHash: Type.Optional(
      Type.Union([Type.String({ maxLength: MAX_HASH_LENGTH }), Type.Null()], {
        description: 'a hash, or null for a user who is to set a password by mail',
      }),
    ),
  },
  { additionalProperties: false },
);
export type UserRecord = Static<typeof UserRecord>;
