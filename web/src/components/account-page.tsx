import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { PageName } from '../paths.ts';
import { Link, navigate } from '../router.tsx';
import { signOut } from '../session.ts';
import { texts } from '../texts.ts';
import { Page } from './page.tsx';

const own = texts.account.nav;

/** The areas of one's own account. */
const areas = ['home', 'security', 'sessions', 'activity', 'access'] as const satisfies readonly PageName[];

interface AccountPageProps {
  readonly title: string;
  readonly area: (typeof areas)[number];
  /** `card` for one task, `wide` for lists. */
  readonly width?: 'card' | 'wide';
  readonly children: ComponentChildren;
}

/** A page of one's own account, with the way to the others. */
export function AccountPage({ title, area, width = 'wide', children }: AccountPageProps) {
  return (
    <Page title={title} width={width} nav={<AccountNav current={area} />}>
      {children}
    </Page>
  );
}

function AccountNav({ current }: { readonly current: AccountPageProps['area'] }) {
  return (
    <nav class="areas" aria-label={own.label}>
      {areas.map((area) => (
        <Link key={area} to={area} current={area === current}>
          {own[area]}
        </Link>
      ))}
      <SignOut />
    </nav>
  );
}

function SignOut() {
  const [isPending, setPending] = useState(false);
  const leave = async () => {
    setPending(true);
    const isConfirmed = await signOut();
    navigate('signIn', { notice: isConfirmed ? 'signedOut' : 'signedOutHereOnly', replace: true });
  };
  return (
    <button type="button" class="link" disabled={isPending} onClick={leave}>
      {texts.home.signOut}
    </button>
  );
}
