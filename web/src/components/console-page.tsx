import type { ComponentChildren } from 'preact';
import { useCan } from '../lib/can.ts';
import { Link } from '../router.tsx';
import { useAuth } from '../session.ts';
import { consoleTexts } from '../texts/console/console.ts';
import { texts } from '../texts.ts';
import { type Screen, screens } from './console-nav.tsx';
import { Page } from './page.tsx';
import { ProveButton } from './prove-button.tsx';
import { Failed, Loading } from './states.tsx';

const own = consoleTexts.refused;

interface ConsolePageProps {
  readonly title: string;
  /** The screen that the page is or belongs to: its operation says who may see it. */
  readonly screen: Screen;
  readonly children: ComponentChildren;
}

/**
 * A page of the console. It is shown to people who may use its operation, and goes when they may no longer:
 * the service refuses them all the same.
 */
export function ConsolePage({ title, screen, children }: ConsolePageProps) {
  const { access2 } = useAuth();
  const { can, isKnown, error, reload } = useCan();
  const isOpen = can(screens[screen]);
  if (!isOpen && isKnown) return <Refused canProve={access2 !== undefined} />;
  if (!isOpen && error === undefined) return <Loading />;
  return (
    <Page title={title} width="full">
      {isOpen ? children : <Failed error={error} retry={reload} />}
    </Page>
  );
}

function Refused({ canProve }: { readonly canProve: boolean }) {
  return (
    <Page title={own.title}>
      <p>{own.text}</p>
      {canProve ? (
        <>
          <p>{texts.account.access.raise}</p>
          <ProveButton />
        </>
      ) : (
        <p>{own.level}</p>
      )}
      <nav class="links">
        <Link to="home">{own.home}</Link>
      </nav>
    </Page>
  );
}
