import { Type } from 'typebox';
import { version } from '../../config/index.ts';

const Link = (url: string) => Type.String({ format: 'uri', examples: [`http://127.0.0.1:3000${url}`] });

export const Home = Type.Object(
  {
    name: Type.String({ examples: ['Latchkey'] }),
    version: Type.String({ examples: [version] }),
    links: Type.Object({
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
