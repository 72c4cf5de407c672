import { Select } from '../../../components/choice.tsx';
import { Field } from '../../../components/field.tsx';
import { Form, type Values } from '../../../components/form.tsx';
import { PersonLink } from '../../../components/person-link.tsx';
import { type AuditFilter, fromLocal, readFilter, toLocal } from '../../../lib/audit.ts';
import type { People } from '../../../lib/people.ts';
import type { Query } from '../../../lib/query.ts';
import { Link } from '../../../router.tsx';
import { api } from '../../../session.ts';
import { auditTexts } from '../../../texts/console/audit.ts';
import { consoleTexts } from '../../../texts/console/console.ts';

const own = auditTexts.filters;
const { label, all, ...actions } = auditTexts.choices;

const options = [
  ['', consoleTexts.everything] as const,
  ...Object.entries(auditTexts.actions).sort(([, one], [, other]) => one.localeCompare(other)),
];

/** Filters that are often asked for. */
export function Choices() {
  return (
    <nav class="choices" aria-label={label}>
      <Link to="audit">{all}</Link>
      {Object.entries(actions).map(([action, text]) => (
        <Link key={action} to="audit" search={`?action=${action}`}>
          {text}
        </Link>
      ))}
    </nav>
  );
}

interface FiltersProps {
  readonly query: Query;
  readonly filter: AuditFilter;
}

/** The filters of the audit. The service says which of them it does not understand. */
export function Filters({ query, filter }: FiltersProps) {
  const send = async (values: Values) => {
    const { actor = '', target = '', action = '', from = '', until = '' } = values;
    const next = {
      actor: actor.trim(),
      target: target.trim(),
      action,
      from: from && fromLocal(from),
      until: until && fromLocal(until),
    };
    const wanted = new Map(Object.entries(next));
    const { filter } = readFilter({ get: (name) => wanted.get(name) ?? '' });
    const result = await api.GET('/audit-events', { params: { query: { ...filter, limit: 1 } } });
    if (result.data !== undefined) query.set(next);
    return result;
  };
  return (
    <div class="audit-filters">
      <Form submit={own.submit} send={send} tone="plain">
        <Select name="action" label={own.action} options={options} value={filter.action ?? ''} />
        <Field
          name="actor"
          label={own.actor}
          hint={own.ids}
          autocomplete="off"
          value={filter.actor}
          optional
        />
        <Field
          name="target"
          label={own.target}
          hint={own.targets}
          autocomplete="off"
          value={filter.target}
          optional
        />
        <Field
          name="from"
          label={own.from}
          type="datetime-local"
          autocomplete="off"
          value={toLocal(filter.from ?? '')}
          optional
        />
        <Field
          name="until"
          label={own.until}
          type="datetime-local"
          autocomplete="off"
          value={toLocal(filter.until ?? '')}
          optional
        />
      </Form>
      {query.key !== '' && <Link to="audit">{own.clear}</Link>}
    </div>
  );
}

/** Names the users whose ids are filtered by. */
export function Named({ filter: { actor, target }, people }: { filter: AuditFilter; people: People }) {
  return (
    <>
      {actor !== undefined && people.has(actor) && (
        <p>
          {own.done} <PersonLink id={actor} people={people} />
        </p>
      )}
      {target !== undefined && people.has(target) && (
        <p>
          {own.suffered} <PersonLink id={target} people={people} />
        </p>
      )}
    </>
  );
}
