import type { ComponentType } from 'preact';
import { lazy } from './lib/lazy.tsx';
import { AcceptInvitation, FirstAdmin } from './pages/accept-invitation.tsx';
import { ForgotPassword } from './pages/forgot-password.tsx';
import { Home } from './pages/home.tsx';
import { Register } from './pages/register.tsx';
import { ResetPassword } from './pages/reset-password.tsx';
import { SignIn } from './pages/sign-in/sign-in.tsx';
import { StopEmailChange } from './pages/stop-email-change.tsx';
import { VerifyEmail } from './pages/verify-email.tsx';
import type { PageName } from './paths.ts';

/** One page of paths.ts. */
interface Route {
  /** For a page that is large or rarely opened: `lazy(() => import('./pages/…'))` of lib/lazy.tsx. */
  readonly page: ComponentType;
  /** `signed-out` leads on to the next page when there is a session, and `signed-in` to the sign-in. */
  readonly for: 'everybody' | 'signed-in' | 'signed-out';
}

/** What is shown for each name in paths.ts, and to whom. */
export const routes: Readonly<Record<PageName, Route>> = {
  home: { page: Home, for: 'signed-in' },
  name: lazily(() => import('./pages/account/name.tsx').then(({ Name }) => Name)),
  email: lazily(() => import('./pages/account/email.tsx').then(({ Email }) => Email)),
  security: lazily(() => import('./pages/account/security.tsx').then(({ Security }) => Security)),
  password: lazily(() => import('./pages/account/password.tsx').then(({ Password }) => Password)),
  app: lazily(() => import('./pages/account/app/app.tsx').then(({ AuthenticatorApp }) => AuthenticatorApp)),
  recoveryCodes: lazily(() =>
    import('./pages/account/recovery-codes.tsx').then(({ RecoveryCodes }) => RecoveryCodes),
  ),
  sessions: lazily(() => import('./pages/account/sessions.tsx').then(({ Sessions }) => Sessions)),
  activity: lazily(() => import('./pages/account/activity.tsx').then(({ Activity }) => Activity)),
  access: lazily(() => import('./pages/account/access.tsx').then(({ Access }) => Access)),
  leave: lazily(() => import('./pages/account/leave.tsx').then(({ Leave }) => Leave)),
  passkeys: lazily(() => import('./pages/account/passkeys.tsx').then(({ Passkeys }) => Passkeys)),
  apiKeys: lazily(() => import('./pages/account/api-keys.tsx').then(({ ApiKeys }) => ApiKeys)),
  overview: lazily(() => import('./pages/console/overview.tsx').then(({ Overview }) => Overview)),
  users: lazily(() => import('./pages/console/users/users.tsx').then(({ Users }) => Users)),
  user: lazily(() => import('./pages/console/user/user.tsx').then(({ User }) => User)),
  invitations: lazily(() =>
    import('./pages/console/invitations/invitations.tsx').then(({ Invitations }) => Invitations),
  ),
  elevated: lazily(() => import('./pages/console/elevated/elevated.tsx').then(({ Elevated }) => Elevated)),
  serviceAccounts: lazily(() =>
    import('./pages/console/service-accounts.tsx').then(({ ServiceAccounts }) => ServiceAccounts),
  ),
  serviceAccount: lazily(() =>
    import('./pages/console/service-account/service-account.tsx').then(
      ({ ServiceAccount }) => ServiceAccount,
    ),
  ),
  audit: lazily(() => import('./pages/console/audit.tsx').then(({ Audit }) => Audit)),
  routes: lazily(() => import('./pages/console/routes.tsx').then(({ Routes }) => Routes)),
  settings: lazily(() => import('./pages/console/settings/settings.tsx').then(({ Settings }) => Settings)),
  invite: lazily(() => import('./pages/invite.tsx').then(({ Invite }) => Invite)),
  signIn: { page: SignIn, for: 'signed-out' },
  register: { page: Register, for: 'signed-out' },
  forgotPassword: { page: ForgotPassword, for: 'everybody' },
  firstAdmin: { page: FirstAdmin, for: 'everybody' },
  acceptInvitation: { page: AcceptInvitation, for: 'everybody' },
  verifyEmail: { page: VerifyEmail, for: 'everybody' },
  resetPassword: { page: ResetPassword, for: 'everybody' },
  stopEmailChange: { page: StopEmailChange, for: 'everybody' },
};

/** A page of one's own account or of the console. It is loaded when it is opened. */
function lazily(load: () => Promise<ComponentType>): Route {
  return { page: lazy(load), for: 'signed-in' };
}
