import type { Guard } from '@latchkey/guard';
import { callerOf, requireAccess } from '@latchkey/guard/express';
import express from 'express';

/** Builds a service that accepts the tokens of a Latchkey elsewhere. */
export function buildApp(guard: Guard) {
  const app = express();
  app.get('/', (_request, response) => {
    response.json({ hello: 'everybody' });
  });
  app.get('/reports', requireAccess(guard, 'user'), (request, response) => {
    response.json({ of: callerOf(request).sub });
  });
  app.delete('/reports', requireAccess(guard, 'admin', { maxAge: 900 }), (_request, response) => {
    response.status(204).end();
  });
  return app;
}
