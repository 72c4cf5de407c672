import { useEffect, useRef, useState } from 'preact/hooks';
import { Select } from '../../../components/choice.tsx';
import { Field } from '../../../components/field.tsx';
import { useLevels } from '../../../lib/levels.ts';
import type { Query } from '../../../lib/query.ts';
import { consoleTexts } from '../../../texts/console/console.ts';
import { usersTexts } from '../../../texts/console/users.ts';
import { type Listing, STATES } from './listing.ts';

const own = usersTexts.filters;

/** Milliseconds after the last key until the search begins. */
const DEBOUNCE_MS = 250;

interface FiltersProps {
  readonly query: Query;
  readonly listing: Listing;
  /** True for people to whom the service shows addresses and states. */
  readonly isAdmin: boolean;
}

/** The search, the filters and, where the table has no headings, the order of the list. */
export function Filters({ query, listing, isAdmin }: FiltersProps) {
  const [count, setCount] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  // The search of some keys ago must not replace what was chosen meanwhile.
  const latest = useRef(query);
  latest.current = query;
  const search = (text: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => latest.current.set({ q: text.trim() }), DEBOUNCE_MS);
  };
  const clear = () => {
    clearTimeout(timer.current);
    query.set({ q: '', by: '', access: '', state: '', sort: '' });
    setCount(count + 1);
  };
  const { q, searches, access, state, sort, sorts } = listing;
  return (
    <search class="filters" aria-label={own.label}>
      <Field
        key={count}
        name="q"
        type="search"
        label={searches === 'email' ? own.searchEmail : own.search}
        autocomplete="off"
        value={q}
        maxLength={254}
        optional
        onInput={search}
      />
      {isAdmin && (
        <>
          <Select
            name="by"
            label={own.by}
            value={searches}
            options={[
              ['name', own.byName],
              ['email', own.byEmail],
            ]}
            onChange={(by) => query.set({ by: by === 'email' ? by : '' })}
          />
          <LevelFilter access={access} choose={(text) => query.set({ access: text })} />
          <Select
            name="state"
            label={own.state}
            value={state ?? ''}
            options={[
              ['', consoleTexts.everything],
              ...STATES.map((one) => [one, usersTexts.states[one]] as const),
            ]}
            onChange={(state) => query.set({ state })}
          />
        </>
      )}
      <div class="order">
        <Select
          name="sort"
          label={own.order}
          value={sort}
          options={sorts.map((one) => [one, usersTexts.sorts[one]])}
          onChange={(sort) => query.set({ sort })}
        />
      </div>
      {(q !== '' || access !== undefined || state !== undefined) && (
        <button type="button" class="button" onClick={clear}>
          {own.clear}
        </button>
      )}
    </search>
  );
}

interface LevelFilterProps {
  readonly access: number | undefined;
  readonly choose: (access: string) => void;
}

function LevelFilter({ access, choose }: LevelFilterProps) {
  const { data = [] } = useLevels();
  return (
    <Select
      name="access"
      label={own.level}
      value={access === undefined ? '' : String(access)}
      options={[
        ['', consoleTexts.everything],
        ...data.map((level) => [String(level.access), level.accessName] as const),
      ]}
      onChange={choose}
    />
  );
}
