import { type Static, Type } from 'typebox';
import type { AccessLevel } from '../../config/index.ts';
import { AssignableAccess } from '../users/schemas.ts';

/** Operations that one key can list. */
const MAX_OPERATIONS = 100;

/**
 * A name that mails can show as it is: no address of a page, and nothing that a mail program makes a link of.
 */
const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9 _\\-]*$';

export const ApiKeyName = Type.String({
  minLength: 1,
  maxLength: 50,
  pattern: NAME_PATTERN,
  description: 'what the key is for: letters, digits, blanks, `_` and `-`',
  examples: ['nightly import'],
});

const Timestamp = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2026-04-30T12:00:00.000Z'] });

/** A time in the past or null. */
const PastOrNull = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description, examples: [null] });

export const ApiKey = Type.Object(
  {
    id: Type.String({ format: 'uuid', examples: ['01890a5d-ac96-774b-bcce-b302099a8057'] }),
    name: Type.String({ description: 'what the key is for', examples: ['nightly import'] }),
    access: Type.Integer({
      minimum: 0,
      description: "the most that the key may do; its level is the lower one of this and of the owner's",
      examples: [1],
    }),
    accessName: Type.String({ description: 'name of that access level', examples: ['user'] }),
    operations: Type.Union([Type.Array(Type.String()), Type.Null()], {
      description: 'the operations that the key may call, `*` for all; null when none were listed: all',
      examples: [['listUsers']],
    }),
    createdAt: Timestamp('when it was made'),
    expiresAt: Timestamp('when it expires'),
    lastUsedAt: PastOrNull('when it was last used, up to a minute late; null: never'),
    lastUsedIp: Type.Union([Type.String(), Type.Null()], {
      description: 'the address that it was last used from',
      examples: [null],
    }),
  },
  { $id: 'latchkey.ApiKey', description: 'An API key, without its secret.' },
);
export type ApiKey = Static<typeof ApiKey>;

export const NewApiKey = Type.Object(
  {
    ...ApiKey.properties,
    key: Type.String({
      description: 'the key itself: it is not shown again',
      examples: ['lk_02Xr8gT1PZVQdW4yJc5mKb_an-example-of-a-key-that-is-no-key'],
    }),
  },
  { $id: 'latchkey.NewApiKey', description: 'A new API key, with its secret.' },
);
export type NewApiKey = Static<typeof NewApiKey>;

/** The wish for a key, in a body. */
export const ApiKeyBody = (levels: readonly AccessLevel[]) =>
  Type.Object(
    {
      name: ApiKeyName,
      access: AssignableAccess(levels),
      operations: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 100, pattern: '^[^ ]+$' }), {
          minItems: 1,
          maxItems: MAX_OPERATIONS,
          uniqueItems: true,
          description:
            "the operationIds that the key may call, or `*` for all; required of a key of the admins' level",
          examples: [['listUsers']],
        }),
      ),
      expiresAt: Type.Optional(
        Type.String({
          format: 'date-time',
          description: 'when the key expires: within 366 days; without it, in 90 days',
          examples: ['2026-04-30T12:00:00Z'],
        }),
      ),
    },
    { additionalProperties: false },
  );
export type ApiKeyBody = Static<ReturnType<typeof ApiKeyBody>>;
