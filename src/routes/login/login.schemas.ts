import { Type } from 'typebox';
import { GivenEmail, GivenPassword } from '../../accounts/user.schemas.ts';

export const Credentials = Type.Object(
  { email: GivenEmail, password: GivenPassword },
  { additionalProperties: false },
);

/** RFC 6749 section 5.1, in this API's camel case. */
export const TokenAnswer = Type.Object(
  {
    accessToken: Type.String({
      description: 'send it as `Authorization: Bearer <accessToken>`',
      examples: ['eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTg5MGE1ZCJ9.c2lnbmF0dXJl'],
    }),
    tokenType: Type.Literal('Bearer'),
    expiresIn: Type.Integer({ description: 'lifetime in seconds', examples: [900] }),
  },
  { $id: 'TokenAnswer', description: 'An access token.' },
);
