import { Select } from '../../components/choice.tsx';
import { ConsolePage } from '../../components/console-page.tsx';
import { Notice } from '../../components/notice.tsx';
import { QueryField } from '../../components/query-field.tsx';
import { Empty, Loaded } from '../../components/states.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { describeDuration } from '../../lib/countdown.ts';
import { describeLevel, type Level, toLevels } from '../../lib/levels.ts';
import { hasText, isOpenTo, type Operation, toWords } from '../../lib/operations.ts';
import { useQuery } from '../../lib/query.ts';
import { useResource } from '../../lib/resource.ts';
import { api } from '../../session.ts';
import { routesTexts as own } from '../../texts/console/routes.ts';

/** Every operation, and the levels that may use it. */
export function Routes() {
  return (
    <ConsolePage title={own.title} screen="routes">
      <p>{own.explain}</p>
      <Content />
    </ConsolePage>
  );
}

function Content() {
  const permissions = useResource(() => api.GET('/me/permissions'));
  return (
    <Loaded resource={permissions}>
      {(data) => <Matrix operations={data.permissions} levels={toLevels(data)} />}
    </Loaded>
  );
}

interface MatrixProps {
  readonly operations: readonly Operation[];
  readonly levels: readonly Level[];
}

function Matrix({ operations, levels }: MatrixProps) {
  const secondFactorFrom = levels.find(({ secondFactor }) => secondFactor)?.accessName;
  const query = useQuery();
  const text = query.get('q');
  const chosen = levels.find(({ access }) => String(access) === query.get('level'));
  const found = operations.filter((one) => hasText(one, text));
  const shown = chosen === undefined ? found : found.filter((one) => isOpenTo(one, chosen.access));
  return (
    <>
      {secondFactorFrom !== undefined && <Notice>{own.secondFactor(secondFactorFrom)}</Notice>}
      <div class="filters">
        <QueryField label={own.filters.text} />
        <Select
          name="level"
          label={own.filters.level}
          options={[
            ['', own.filters.every],
            ...levels.map(({ access }) => [String(access), describeLevel(access, levels)] as const),
          ]}
          value={chosen === undefined ? '' : String(chosen.access)}
          onChange={(level) => query.set({ level })}
        />
      </div>
      <p role="status">
        {chosen === undefined
          ? own.all(found.length)
          : own.of(describeLevel(chosen.access, levels), shown.length, found.length)}
      </p>
      {shown.length === 0 ? (
        <Empty>{own.nothing}</Empty>
      ) : (
        <div class="routes">
          <Table
            caption={own.title}
            columns={columnsOf(chosen === undefined ? levels : [chosen], levels)}
            items={shown}
            keyOf={({ method, path }) => `${method} ${path}`}
          />
        </div>
      )}
    </>
  );
}

function columnsOf(shown: readonly Level[], levels: readonly Level[]): readonly Column<Operation>[] {
  return [
    { title: own.columns.operation, cell: (operation) => <Name operation={operation} /> },
    {
      title: own.columns.minimum,
      cell: ({ minimum }) =>
        minimum === null ? (
          <>
            {own.public} <span class="muted">{own.publicNote}</span>
          </>
        ) : (
          describeLevel(minimum, levels)
        ),
    },
    { title: own.columns.conditions, cell: (operation) => <Conditions operation={operation} /> },
    ...shown.map(({ access }) => ({
      title: describeLevel(access, levels),
      cell: (operation: Operation) => <May isAllowed={isOpenTo(operation, access)} />,
    })),
  ];
}

function Name({ operation: { operationId, method, path } }: { readonly operation: Operation }) {
  return (
    <>
      {toWords(operationId)}
      <br />
      <code>
        {method} {path}
      </code>
    </>
  );
}

function Conditions({ operation: { maxAge, factors, session } }: { readonly operation: Operation }) {
  const conditions = [
    ...(maxAge === null ? [] : [own.conditions.maxAge(describeDuration(maxAge))]),
    ...(factors > 1 ? [own.conditions.factors] : []),
    ...(session ? [own.conditions.session] : []),
  ];
  if (conditions.length === 0) return <span class="muted">{own.conditions.none}</span>;
  return (
    <ul>
      {conditions.map((condition) => (
        <li key={condition}>{condition}</li>
      ))}
    </ul>
  );
}

function May({ isAllowed }: { readonly isAllowed: boolean }) {
  return isAllowed ? <span class="may">✓ {own.may}</span> : <span class="may-not">✗ {own.mayNot}</span>;
}
