import { readPerson } from '../lib/people.ts';
import { useResource } from '../lib/resource.ts';
import { Link } from '../router.tsx';
import { levelTexts as own } from '../texts/console/levels.ts';

/** Names by id, for lists that name the same admin in many rows. Undefined is a deleted account. */
const names = new Map<string, Promise<string | undefined>>();

/** The name of a person, with the way to their page. An account that is deleted says so. */
export function Person({ id }: { readonly id: string }) {
  const { data, error } = useResource(async () => ({ data: { name: await nameOf(id) } }), id);
  if (error !== undefined)
    return (
      <Link to="user" id={id}>
        {own.someone}
      </Link>
    );
  if (data === undefined) return <span class="muted">…</span>;
  if (data.name === undefined) return <span class="muted">{own.deleted}</span>;
  return (
    <Link to="user" id={id}>
      <bdi dir="auto">{data.name}</bdi>
    </Link>
  );
}

function nameOf(id: string): Promise<string | undefined> {
  const known = names.get(id);
  if (known !== undefined) return known;
  const name = readPerson(id).then((person) => person?.name);
  names.set(id, name);
  // The next row asks again.
  name.catch(() => names.delete(id));
  return name;
}
