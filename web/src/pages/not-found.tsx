import { Page } from '../components/page.tsx';
import { Link } from '../router.tsx';
import { texts } from '../texts.ts';

const own = texts.notFound;

/** The answer to an address that is none of the pages. */
export function NotFound() {
  return (
    <Page title={own.title}>
      <p>{own.explain}</p>
      <Link to="home" class="button primary">
        {own.home}
      </Link>
    </Page>
  );
}
