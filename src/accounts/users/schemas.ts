import { type Static, Type } from 'typebox';
import type { AccessLevel } from '../../config/index.ts';
import {
  EMAIL_FORMAT,
  EMAIL_MAX_LENGTH,
  EMAIL_PATTERN,
  PUBLISHED_EMAIL_PATTERN,
} from '../../lib/email-address.ts';

/** Postgres stores no NUL, and neither database can store half of a surrogate pair. */
const TEXT = '^[^\\u0000\\ud800-\\udfff]*$';
const UNPRINTABLE = '\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff';

/**
 * Characters that nothing is seen of: Default_Ignorable_Code_Point of Unicode 17 (DerivedCoreProperties.txt)
 * up to U+FFFF, and the blank braille pattern U+2800. U+FEFF is left out, for `\\s` has it.
 */
const INVISIBLE =
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e' +
  '\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\uffa0\\ufff0-\\ufff8';

const PASSWORD_MAX_LENGTH = 128;

/**
 * A valid email address as HTML defines it (WHATWG HTML, input type=email), whose domain is no number. The
 * domain may be internationalized. Space around it is trimmed.
 */
export const EmailAddress = Type.String({
  maxLength: EMAIL_MAX_LENGTH,
  pattern: PUBLISHED_EMAIL_PATTERN,
  checkedPattern: EMAIL_PATTERN,
  format: EMAIL_FORMAT,
  description: 'an email address, in ASCII characters before the @',
  examples: ['ada@example.com'],
});

/**
 * Spaces and invisible characters, then a character that is seen, then any characters. Each character matches
 * one part only, so the pattern does not backtrack. The characters in UNPRINTABLE are not allowed.
 */
export const UserName = Type.String({
  minLength: 1,
  maxLength: 100,
  checkedPattern: `^(?:[^\\S${UNPRINTABLE}]|[${INVISIBLE}])*[^\\s${UNPRINTABLE}${INVISIBLE}][^${UNPRINTABLE}]*$`,
  description: 'a name that is not blank and has no control characters',
  examples: ['Ada Lovelace'],
});

/** The id of a user in the system that they were imported from: any text without control characters. */
export const ExternalIdInput = Type.String({
  minLength: 1,
  maxLength: 128,
  checkedPattern: `^[^${UNPRINTABLE}]*$`,
  description: 'an id of 1 to 128 characters, without control characters',
  examples: ['5f0c6a9e-3a4b-4c1d-9f5e-2b7d8c1a0e4f'],
});

/** The reason of a change, for the audit log. */
export const Reason = Type.String({
  minLength: 1,
  maxLength: 200,
  checkedPattern: TEXT,
  description: 'reason, for the audit log; any characters except NUL',
});

/** A new password. NIST SP 800-63B-4 section 3.1.1.2 asks for a length and for no other composition rule. */
export const NewPassword = (minLength: number) =>
  Type.String({
    minLength,
    maxLength: PASSWORD_MAX_LENGTH,
    checkedPattern: TEXT,
    description: 'a password of any characters except NUL',
    examples: ['correct horse battery staple'],
  });

/** Credentials as typed at sign-in. The answer does not tell whether they are impossible or wrong. */
export const EmailInput = Type.String({
  minLength: 1,
  maxLength: EMAIL_MAX_LENGTH,
  checkedPattern: TEXT,
  description: 'the email address of the account',
  examples: ['ada@example.com'],
});
export const PasswordInput = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  checkedPattern: TEXT,
  description: 'the password of the account',
  examples: ['correct horse battery staple'],
});

/** The token of a mail, as the client sends it back. */
export const GivenMailToken = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'the token of the mail: the end of its link',
  examples: ['dG9rZW50b2tlbnRva2VudG9rZW50b2tlbnRva2VudG8'],
});

/** A level that a user can be given. */
export const AssignableAccess = (levels: readonly AccessLevel[]) =>
  Type.Unsafe<number>({
    type: 'integer',
    enum: levels.map(({ number }) => number),
    description: `access level: ${levels.map(({ name, number }) => `${number} ${name}`).join(', ')}`,
    examples: [1],
  });

/** A level that the tokens of a sign-in have at most. */
export const CappedAccess = (levels: readonly AccessLevel[]) => ({
  ...AssignableAccess(levels),
  description: 'the access level of the tokens, when it is lower than that of the user',
});

/** The order of a list of users; a minus sign means descending. */
export const UserSort = Type.Enum(['createdAt', '-createdAt', 'name', '-name', 'email', '-email'], {
  description:
    'order of the users, descending with a minus sign; `email` is for admins. The default is `name` with `q`, else `createdAt`',
  examples: ['name'],
});
export type UserSort = Static<typeof UserSort>;

const UserId = Type.String({
  format: 'uuid',
  description: 'UUIDv7',
  examples: ['01890a5d-ac96-774b-bcce-b302099a8057'],
});
const Access = Type.Integer({ minimum: 0, description: 'access level', examples: [1] });
const AccessName = Type.String({ description: 'name of the access level', examples: ['user'] });
const Name = Type.String({ examples: ['Ada Lovelace'] });
/** No `format`: validators require more than HTML does, for instance a dot in the domain. */
const Email = Type.Union([Type.String(), Type.Null()], {
  description: 'email address; null for a service account, which has none',
  examples: ['ada@example.com'],
});
const Kind = Type.Enum(['person', 'service'], {
  description: 'whether it is a person who can sign in, or a service account with API keys',
  examples: ['person'],
});
const Disabled = Type.Boolean({ description: 'a disabled user cannot sign in', examples: [false] });
const SecondFactor = Type.Boolean({
  description: 'whether the account has a second factor',
  examples: [false],
});
/** No limits: the value was checked when it was imported. */
const ExternalId = Type.Union([Type.String(), Type.Null()], {
  description: 'id in the system that the user was imported from; null when there is none. For admins',
  examples: [null],
});
const Timestamp = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00.000Z'] });

const PermanentAccess = Type.Integer({
  minimum: 0,
  description: 'access level without a time limit',
  examples: [1],
});
const AccessUntil = Type.Union([Timestamp, Type.Null()], {
  description: 'when the access level expires and the permanent one is back; null when it does not expire',
  examples: [null],
});

/** A user as admins and the user see it. */
export const User = Type.Object(
  {
    id: UserId,
    kind: Kind,
    name: Name,
    email: Email,
    access: Access,
    accessName: AccessName,
    permanentAccess: PermanentAccess,
    accessUntil: AccessUntil,
    disabled: Disabled,
    secondFactor: SecondFactor,
    externalId: Type.Optional(ExternalId),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { $id: 'latchkey.User', description: 'A user.' },
);
export type User = Static<typeof User>;

/** A user as others see it. Admins get every member, users get the required ones. */
export const VisibleUser = Type.Object(
  {
    id: UserId,
    name: Name,
    access: Access,
    accessName: AccessName,
    kind: Type.Optional(Kind),
    email: Type.Optional(Email),
    permanentAccess: Type.Optional(PermanentAccess),
    accessUntil: Type.Optional(AccessUntil),
    disabled: Type.Optional(Disabled),
    secondFactor: Type.Optional(SecondFactor),
    externalId: Type.Optional(ExternalId),
    createdAt: Type.Optional(Timestamp),
    updatedAt: Type.Optional(Timestamp),
  },
  {
    $id: 'latchkey.VisibleUser',
    description: 'A user as the caller may see it: the optional members are for admins.',
  },
);
export type VisibleUser = Static<typeof VisibleUser>;
