import { type Static, Type } from 'typebox';

/**
 * The largest number of listed errors. A body may have as many wrong parts as members, and each error is ten
 * times as long as its member.
 */
export const MAX_ERRORS = 20;

/** The reasons why a part is invalid. They are part of the API: clients compare `code` with them. */
const ErrorCode = Type.Enum(
  [
    'required',
    'unknown',
    'type',
    'format',
    'not-listed',
    'too-short',
    'too-long',
    'too-small',
    'too-large',
    'past',
    'conflict',
    'weak-password',
    'invalid',
    'more',
  ],
  { description: 'why it is invalid', examples: ['required'] },
);
export type ErrorCode = Static<typeof ErrorCode>;

/** One invalid part of a request. A missing or unknown member is named by its own pointer. */
export const InvalidPart = Type.Object(
  {
    in: Type.Enum(['body', 'query', 'headers'], { description: 'where it was sent', examples: ['body'] }),
    pointer: Type.String({ description: 'JSON Pointer (RFC 6901)', examples: ['/email'] }),
    code: ErrorCode,
    message: Type.String({ description: 'for people', examples: ['is required'] }),
  },
  { description: 'An invalid part of a request.' },
);
export type InvalidPart = Static<typeof InvalidPart>;
