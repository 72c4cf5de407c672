import { createRoot } from 'react-dom/client';
import { Account } from './account.tsx';
import { auth, useAuth } from './auth.ts';
import { SignIn } from './sign-in.tsx';

function App() {
  const { signedIn, factors } = useAuth();
  if (!signedIn) return <SignIn />;
  return (
    <>
      <p>
        Factors: <output>{factors}</output>{' '}
        <button type="button" onClick={() => auth.signOut()}>
          Sign out
        </button>
      </p>
      <Account />
    </>
  );
}

await auth.ready;
createRoot(document.getElementById('root') ?? document.body).render(<App />);
