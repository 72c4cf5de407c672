import { isProblem } from '@latchkey/client';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { forgetMailToken, mailToken } from '../lib/mail-token.ts';
import { Link } from '../router.tsx';
import { auth } from '../session.ts';
import { texts } from '../texts.ts';
import type { Values } from './form.tsx';
import { Notice } from './notice.tsx';
import { Page } from './page.tsx';

const own = texts.link;

/** The pages that links in mails lead to. */
type LinkedPage = keyof typeof own.next;

/** What `api.POST` resolves with. */
interface Answer {
  readonly error?: unknown;
  readonly response?: Response;
}

interface MailLinkProps {
  readonly page: LinkedPage;
  /** Shows the page: `use` sends the token with what else it needs. */
  readonly children: (use: UseToken) => ComponentChildren;
}

/** Makes the `send` of a form whose request has the token in it. */
export type UseToken = (
  send: (token: string, values: Values, key: string) => Promise<Answer>,
) => (values: Values, key: string) => Promise<Answer>;

/** A page that a mail leads to. It says so when the link does not work, and offers what to do next. */
export function MailLink({ page, children }: MailLinkProps) {
  const [token] = useState(mailToken);
  const [isUsed, setUsed] = useState(false);
  if (token === undefined) return <DeadLink page={page} reason={own.missing} />;
  if (isUsed) return <DeadLink page={page} reason={own.used} />;
  return children((send) => async (values, key) => {
    const answer = await send(token, values, key);
    if (isProblem(answer.error, 'mail-token-invalid')) setUsed(true);
    if (answer.error === undefined) forgetMailToken();
    return answer;
  });
}

/** Says that the account of the link takes the place of the one that is signed in. */
export function OtherAccount() {
  const [isSignedIn] = useState(auth.state.signedIn);
  return isSignedIn ? <Notice>{own.otherAccount}</Notice> : null;
}

function DeadLink({ page, reason }: { readonly page: LinkedPage; readonly reason: string }) {
  return (
    <Page title={own.title}>
      <div role="alert">
        <p>{reason}</p>
        <p>{own.next[page]}</p>
      </div>
      {page === 'resetPassword' || page === 'stopEmailChange' ? (
        <Link to="forgotPassword" class="button primary">
          {own.newLink}
        </Link>
      ) : (
        <Link to="signIn" class="button primary">
          {own.signIn}
        </Link>
      )}
      {page === 'verifyEmail' && (
        <nav class="links">
          <Link to="register">{own.register}</Link>
        </nav>
      )}
    </Page>
  );
}
