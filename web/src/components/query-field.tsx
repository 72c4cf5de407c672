import { useQuery } from '../lib/query.ts';
import { Field } from './field.tsx';

/** A search that narrows a list as it is typed. It is `q` in the address. */
export function QueryField({ label }: { readonly label: string }) {
  const query = useQuery();
  return (
    <Field
      name="q"
      label={label}
      type="search"
      autocomplete="off"
      optional
      value={query.get('q')}
      onInput={(q) => query.set({ q })}
    />
  );
}
