import type { People } from '../lib/people.ts';
import { Link } from '../router.tsx';

interface PersonLinkProps {
  readonly id: string;
  readonly people: People;
}

/** The name of a user, which leads to their page. A deleted user is an id. */
export function PersonLink({ id, people }: PersonLinkProps) {
  const person = people.get(id);
  if (person === undefined) return <code class="id">{id}</code>;
  return (
    <Link to={person.kind === 'service' ? 'serviceAccount' : 'user'} id={id}>
      <bdi dir="auto">{person.name}</bdi>
    </Link>
  );
}
