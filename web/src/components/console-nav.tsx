import type { OperationId } from '@latchkey/client';
import type { PageName } from '../paths.ts';
import { Link, useLocation } from '../router.tsx';
import { auth, useAuth } from '../session.ts';
import { consoleTexts } from '../texts/console/console.ts';

const own = consoleTexts.nav;

/** The screens of the console, with the operation that each needs. */
export const screens = {
  overview: 'getControlPanel',
  users: 'listUsers',
  invitations: 'listInvitations',
  elevated: 'changeUser',
  serviceAccounts: 'listServiceAccounts',
  audit: 'listAuditEvents',
  routes: 'changeUser',
  settings: 'getSettings',
} as const satisfies Partial<Record<PageName, OperationId>>;

export type Screen = keyof typeof screens;

/** The screens that a page belongs to, where it is not one itself. */
const parents: Partial<Record<PageName, Screen>> = {
  user: 'users',
  invite: 'invitations',
  serviceAccount: 'serviceAccounts',
};

function isScreen(page: PageName): page is Screen {
  return Object.hasOwn(screens, page);
}

const names = Object.keys(screens).filter((name): name is Screen => Object.hasOwn(screens, name));

/** The way to the screens that the reader may use. People who may use none do not see it. */
export function ConsoleNav() {
  const { signedIn } = useAuth();
  const { page } = useLocation();
  const open = names.filter((name) => auth.can(screens[name]));
  if (!signedIn || open.length === 0) return null;
  const current = page === undefined || isScreen(page) ? page : parents[page];
  return (
    <nav class="console-nav" aria-label={own.label}>
      {open.map((name) => (
        <Link key={name} to={name} current={name === current}>
          {own[name]}
        </Link>
      ))}
      <Link to="home" current={current === undefined}>
        {own.home}
      </Link>
    </nav>
  );
}
