import { Type } from 'typebox';
import { version } from '../../config/index.ts';

const Link = (url: string) => Type.String({ format: 'uri', examples: [`http://localhost:3000${url}`] });

export const Home = Type.Object(
  {
    name: Type.String({ examples: ['Latchkey'] }),
    version: Type.String({ examples: [version] }),
    settings: Type.Object(
      {
        registration: Type.Enum(['open', 'invite'], {
          description: '`open`: `POST /register` makes accounts; `invite`: only admins invite',
          examples: ['open'],
        }),
        signInMethods: Type.Array(
          Type.Enum(['password', 'passkey', 'email'], {
            description: '`email`: a code by mail',
            examples: ['password'],
          }),
          { description: 'the ways to begin a sign-in', examples: [['password', 'passkey']] },
        ),
        passwordMinLength: Type.Integer({
          description: 'fewest characters in a new password',
          examples: [15],
        }),
        mail: Type.Boolean({
          description: 'true when there is a mail server: new passwords and invitations can be asked for',
          examples: [true],
        }),
      },
      { description: 'The settings that a frontend needs before a user has signed in.' },
    ),
    links: Type.Object({
      pages: Type.Optional(Link('/ui')),
      docs: Link('/docs'),
      openapi: Link('/openapi.json'),
      register: Link('/register'),
      login: Link('/login'),
      me: Link('/me'),
      users: Link('/users'),
      controlPanel: Link('/control-panel'),
      problems: Link('/problems'),
      live: Link('/health/live'),
      ready: Link('/health/ready'),
    }),
  },
  { description: 'The service and where to go from here.' },
);

export const Contract = Type.Unsafe<object>({
  type: 'object',
  additionalProperties: true,
  description: 'This document.',
  examples: [{ openapi: '3.1.0', info: { title: 'Latchkey', version }, paths: {} }],
});
