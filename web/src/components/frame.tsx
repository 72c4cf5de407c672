import type { ComponentChildren } from 'preact';
import icon from '../icon.svg';
import { Link, useLocation } from '../router.tsx';
import { texts } from '../texts.ts';
import { ConsoleNav } from './console-nav.tsx';
import { OfflineNotice } from './states.tsx';

/** What is around each page. */
export function Frame({ children }: { readonly children: ComponentChildren }) {
  const skip = () => document.querySelector<HTMLElement>('h1')?.focus();
  return (
    <>
      <button type="button" class="skip button" onClick={skip}>
        {texts.skip}
      </button>
      <OfflineNotice />
      <Announcer />
      <header class="header">
        <Link to="home" class="brand">
          <img src={icon} alt="" width={28} height={28} />
          {texts.product}
        </Link>
        <ConsoleNav />
      </header>
      {children}
    </>
  );
}

/** Reads out what the page before says to this one. Page shows it. */
function Announcer() {
  const { notice } = useLocation();
  return (
    <div class="visually-hidden" role="status">
      {notice !== undefined && texts.notices[notice]}
    </div>
  );
}
