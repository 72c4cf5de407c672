/** What TypeScript says of `guarded`: `npm run typecheck` compiles this file, and nothing runs it. */
import { guarded } from '#latchkey/access/guarded-route.ts';

guarded({
  method: 'GET',
  url: '/a',
  access: 'user',
  handler: async (request) => ({ id: request.user.sub, ip: request.ip }),
});

guarded<{ Params: { id: string } }>({
  method: 'GET',
  url: '/a/:id',
  access: 2,
  handler: async ({ params, user }) => ({ id: user.sub, length: params.id.length }),
});

guarded({
  method: 'GET',
  url: '/a',
  access: 'admin',
  config: { factors: 2, maxAge: 900 },
  handler: async ({ user }) =>
    'key' in user ? { key: user.key } : { acr: user.acr, level: user.access2 ?? 0 },
});

guarded({
  method: 'GET',
  url: '/a',
  access: 'admin',
  // @ts-expect-error there are two factors at most
  config: { factors: 3 },
  handler: async () => ({}),
});

guarded({
  method: 'GET',
  url: '/a',
  // @ts-expect-error a public route has no caller
  access: 'public',
  handler: async (request) => ({ id: request.user.sub }),
});

guarded({
  method: 'GET',
  url: '/a',
  // @ts-expect-error misspelt
  acess: 'user',
  handler: async () => ({}),
});

guarded({
  method: 'GET',
  url: '/a',
  access: 'user',
  // @ts-expect-error claims have no such member
  handler: async ({ user }) => user.role,
});
