import { type components, isProblem } from '@latchkey/client';
import { useEffect, useState } from 'react';
import { auth } from './auth.ts';

type User = components['schemas']['VisibleUser'];

/** The users by name, as the caller may see them. */
export function Users() {
  const [q, setQ] = useState('');
  const [users, setUsers] = useState<readonly User[]>([]);
  const [message, setMessage] = useState('');

  useEffect(() => {
    const abort = new AbortController();
    auth.api.GET('/users', { params: { query: q === '' ? {} : { q } }, signal: abort.signal }).then(
      ({ data, error }) => {
        if (data !== undefined) setUsers(data.users);
        setMessage(isProblem(error) ? error.detail : '');
      },
      () => abort.signal.aborted || setMessage('The service cannot be reached.'),
    );
    return () => abort.abort();
  }, [q]);

  return (
    <section>
      <input type="search" aria-label="Search" value={q} onChange={(event) => setQ(event.target.value)} />
      <p role="alert">{message}</p>
      <ul>
        {users.map(({ id, name, accessName }) => (
          <li key={id}>
            {name}, {accessName}
          </li>
        ))}
      </ul>
    </section>
  );
}
