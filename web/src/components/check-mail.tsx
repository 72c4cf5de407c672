import { Link } from '../router.tsx';
import { texts } from '../texts.ts';
import { Page } from './page.tsx';

const own = texts.checkMail;

interface CheckMailProps {
  readonly email: string;
  readonly explain: string;
  /** Goes back, to another address. */
  readonly again: () => void;
}

/** Says that a mail is on its way, in the same words for addresses with and without an account. */
export function CheckMail({ email, explain, again }: CheckMailProps) {
  return (
    <Page title={own.title}>
      <p>
        {own.sentTo} <bdi class="value">{email}</bdi>.
      </p>
      <p>{explain}</p>
      <p class="muted">{own.nothing}</p>
      <nav class="links">
        <button type="button" class="link" onClick={again}>
          {own.again}
        </button>
        <Link to="signIn" email={email}>
          {own.signIn}
        </Link>
      </nav>
    </Page>
  );
}
