import { isProblem } from '@latchkey/client';
import { useState } from 'preact/hooks';
import { Form } from '../components/form.tsx';
import { MailLink } from '../components/mail-link.tsx';
import { Page } from '../components/page.tsx';
import { Link } from '../router.tsx';
import { api, signOut } from '../session.ts';
import { texts } from '../texts.ts';

const own = texts.stopEmailChange;

/** Stops a change of address that somebody else may have asked for, and ends all sessions. */
export function StopEmailChange() {
  const [outcome, setOutcome] = useState<'stopped' | 'taken'>();

  const stop = async (token: string) => {
    const result = await api.POST('/email/stop', { body: { token } });
    const isTaken = isProblem(result.error, 'email-taken');
    if (result.error !== undefined && !isTaken) return result;
    // All sessions have ended, the one of this browser too.
    await signOut();
    setOutcome(isTaken ? 'taken' : 'stopped');
    return {};
  };

  if (outcome !== undefined)
    return (
      <Page title={own.doneTitle}>
        <p>{outcome === 'taken' ? own.taken : own.done}</p>
        {outcome === 'stopped' && (
          <Link to="forgotPassword" class="button primary">
            {own.next}
          </Link>
        )}
      </Page>
    );
  return (
    <MailLink page="stopEmailChange">
      {(use) => (
        <Page title={own.title}>
          <p>{own.explain}</p>
          <Form submit={own.submit} tone="danger" send={use(stop)} />
        </Page>
      )}
    </MailLink>
  );
}
