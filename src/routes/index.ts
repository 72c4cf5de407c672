import type { FastifyInstance } from 'fastify';
import auditEvents from './audit-events/audit-events.routes.ts';
import controlPanel from './control-panel/control-panel.routes.ts';
import email from './email/email.routes.ts';
import health from './health/health.routes.ts';
import home from './home/home.routes.ts';
import invitations from './invitations/invitations.routes.ts';
import login from './login/login.routes.ts';
import logout from './logout/logout.routes.ts';
import activity from './me/activity.routes.ts';
import ownAuthenticators from './me/authenticators.routes.ts';
import credentials from './me/credentials.routes.ts';
import me from './me/me.routes.ts';
import sessions from './me/sessions.routes.ts';
import password from './password/password.routes.ts';
import problems from './problems/problems.routes.ts';
import refresh from './refresh/refresh.routes.ts';
import register from './register/register.routes.ts';
import authenticators from './users/authenticators.routes.ts';
import users from './users/users.routes.ts';
import wellKnown from './well-known/well-known.routes.ts';

/** The URL table: prefix -> plugin. Every URL of the service is below one of these. */
export default async function routes(app: FastifyInstance) {
  await app.register(home);
  await app.register(register, { prefix: '/register' });
  await app.register(email, { prefix: '/email' });
  await app.register(login, { prefix: '/login' });
  await app.register(refresh, { prefix: '/refresh' });
  await app.register(logout, { prefix: '/logout' });
  await app.register(password, { prefix: '/password' });
  await app.register(me, { prefix: '/me' });
  await app.register(credentials, { prefix: '/me' });
  await app.register(ownAuthenticators, { prefix: '/me' });
  await app.register(sessions, { prefix: '/me/sessions' });
  await app.register(activity, { prefix: '/me/activity' });
  await app.register(users, { prefix: '/users' });
  await app.register(authenticators, { prefix: '/users' });
  await app.register(invitations, { prefix: '/invitations' });
  await app.register(controlPanel, { prefix: '/control-panel' });
  await app.register(auditEvents, { prefix: '/audit-events' });
  await app.register(problems, { prefix: '/problems' });
  await app.register(health, { prefix: '/health' });
  await app.register(wellKnown, { prefix: '/.well-known' });
}
