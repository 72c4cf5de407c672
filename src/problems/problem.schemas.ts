import { type Static, Type } from 'typebox';

/**
 * The largest number of listed errors. A body may have as many wrong parts as members, and each error is ten
 * times as long as its member.
 */
export const MAX_ERRORS = 20;

/** The body of every 4xx and 5xx answer: RFC 9457 section 3. */
export const ProblemBody = Type.Object(
  {
    type: Type.String({
      format: 'uri',
      description: 'which problem it is; the URL answers with its entry in the registry',
      examples: ['http://127.0.0.1:3000/problems/access-denied'],
    }),
    title: Type.String({ examples: ['Access denied'] }),
    status: Type.Integer({ examples: [403] }),
    detail: Type.String({ examples: ['You do not have access to that page. Sorry!'] }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          in: Type.Enum(['body', 'query', 'headers'], {
            description: 'where it was sent',
            examples: ['body'],
          }),
          pointer: Type.String({ description: 'JSON Pointer (RFC 6901)', examples: ['/email'] }),
          message: Type.String({ examples: ['is required'] }),
        }),
        {
          description: `what is wrong, part by part: ${MAX_ERRORS} parts at most, and a last one with the pointer "" that says how many more there are`,
          maxItems: MAX_ERRORS + 1,
        },
      ),
    ),
    required: Type.Optional(
      Type.Integer({ description: 'the access level that the route asks for', examples: [2] }),
    ),
    actual: Type.Optional(Type.Integer({ description: "the caller's access level", examples: [1] })),
    requestId: Type.String({ description: 'finds the request in the log', examples: ['req-1'] }),
  },
  { $id: 'latchkey.Problem', description: 'What went wrong and what to do about it (RFC 9457).' },
);
export type ProblemBody = Static<typeof ProblemBody>;
