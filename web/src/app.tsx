import { Component, type ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Broken } from './components/broken.tsx';
import { Frame } from './components/frame.tsx';
import { Loading } from './components/states.tsx';
import { StepUp } from './components/step-up.tsx';
import { NotFound } from './pages/not-found.tsx';
import { nextOf, nextPage } from './paths.ts';
import { isShown, navigate, useLocation } from './router.tsx';
import { routes } from './routes.ts';
import { auth, isLeaving, useAuth, watchAccess } from './session.ts';

/** The whole app: the frame, and in it the page of the address. */
export function App() {
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    auth.ready.catch(() => {}).then(() => setReady(true));
    return watchAccess();
  }, []);
  return (
    <Frame>
      <Boundary>{isReady ? <CurrentPage /> : <Loading />}</Boundary>
      <StepUp />
    </Frame>
  );
}

/** Shows the page of the address, or leads to the one that has to come before it. */
function CurrentPage() {
  const { page, id, search, visit } = useLocation();
  const { signedIn, userId } = useAuth();
  const route = page === undefined ? undefined : routes[page];
  const wrong = route?.for === 'signed-in' ? !signedIn : route?.for === 'signed-out' && signedIn;
  const hadSession = useRef(false);
  useEffect(() => {
    const hasEnded = hadSession.current && !signedIn && !isLeaving();
    hadSession.current = signedIn;
    // This may run late, when a page after this one is shown already.
    if (page === undefined || !wrong || isLeaving() || !isShown(visit)) return;
    const next = nextPage(search);
    if (signedIn) navigate(next.page, { id: next.id, replace: true });
    else
      navigate('signIn', {
        search: nextOf({ page, id }),
        replace: true,
        ...(hasEnded && { notice: 'sessionEnded' }),
      });
  }, [page, id, wrong, signedIn, search, visit]);
  if (route === undefined) return <NotFound />;
  if (wrong) return <Loading />;
  const { page: Page } = route;
  // Another tab may sign in somebody else: what the page has loaded and asks for is not theirs.
  return <Page key={route.for === 'signed-in' ? `${visit} ${userId}` : visit} />;
}

/** Shows an error of the pages themselves, in place of an empty window. */
class Boundary extends Component<{ children: ComponentChildren }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ hasFailed: true });
  }

  override render() {
    return this.state.hasFailed ? <Broken /> : this.props.children;
  }
}
