/** Formats the plan as the tables of docs/operations/scaling.md, each between two comments with its name. */
import type { Costs, Measured } from './costs.ts';
import { behaviour, built, CORES, findLimits, headroom, type Plan, plan } from './model.ts';
import { simulate } from './queue.ts';

/** Seed of every simulation, so that the tables are the same in every run. */
const SEED = 20_261_125;

const SIZES = [10_000, 1_000_000, 100_000_000];
const UTILISATIONS = [0.5, 0.7, 0.8, 0.9, 0.95, 1.1];

/** Markdown of the tables, by the names in the comments of docs/operations/scaling.md. */
export type Tables = Readonly<Record<string, string>>;

export function describePlan({ costs, measuredAt, machine }: Measured): Tables {
  return {
    costs: `Measured ${measuredAt} (${machine}):\n\n${describeCosts(costs)}`,
    behaviour: describeBehaviour(),
    needs: describeNeeds(costs),
    storage: describeStorage(costs),
    limits: describeLimits(costs),
    queue: describeQueue(costs),
  };
}

/**
 * Puts the tables between their comments.
 *
 * @throws {Error} when the comments of a table are missing
 */
export function fillIn(document: string, tables: Tables): string {
  return Object.entries(tables).reduce((text, [name, content]) => {
    const [begin, end] = [`<!-- plan:${name} -->`, `<!-- /plan:${name} -->`];
    const [before, rest] = splitOnce(text, begin);
    const [, after] = splitOnce(rest, end);
    return `${before}${begin}\n\n${content}\n\n${end}${after}`;
  }, document);
}

function splitOnce(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  if (at === -1) throw new Error(`docs/operations/scaling.md lacks ${separator}`);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

function describeCosts(costs: Costs): string {
  return table(
    ['one', 'costs'],
    [
      ['guarded request, of one core', `${show(costs.guardMilliseconds)} ms`],
      ['hash of a password, of one core', `${show(costs.hashMilliseconds)} ms`],
      [
        'refresh',
        `${show(costs.refreshMilliseconds)} ms of the process, ${show(costs.refreshPostgresMilliseconds)} ms of Postgres, ${show(costs.refreshWalBytes)} bytes of WAL`,
      ],
      [
        'sign-in, without its hash',
        `${show(costs.signInPostgresMilliseconds)} ms of Postgres, ${show(costs.signInWalBytes)} bytes of WAL`,
      ],
      [
        'process without requests, a second',
        `${show(costs.idleTransactionsPerSecond)} transactions, ${show(costs.idlePostgresMilliseconds)} ms of Postgres`,
      ],
      ['audit event sealed', `${show(1_000 / costs.sealedPerSecond)} ms: ${show(costs.sealedPerSecond)}/s`],
      [
        'row of users, sessions, audit, revocations',
        [costs.userBytes, costs.sessionBytes, costs.eventBytes, costs.revocationBytes]
          .map((bytes) => `${show(bytes)}`)
          .join(', ')
          .concat(' bytes with indexes'),
      ],
    ],
  );
}

function describeBehaviour(): string {
  const { activeShare, visits, visitSeconds, requestsPerSecond, signInsPerMonth } = behaviour;
  const { signOutShare, changesPerMonth, sessions, peak } = behaviour;
  return table(
    ['guess', 'value'],
    [
      ['users who come on a day', percent(activeShare)],
      ['visits of each of them, one refresh each', show(visits)],
      ['length of a visit, and guarded requests in it', `${visitSeconds} s, ${requestsPerSecond}/s`],
      ['sign-ins of each user in 30 days', show(signInsPerMonth)],
      ['sessions that are signed out of', percent(signOutShare)],
      ['changes of level, password or state, of each user in 30 days', show(changesPerMonth)],
      ['sessions alive of each user', show(sessions)],
      ['the busiest minute, of the average', `${peak} times`],
    ],
  );
}

function describeNeeds(costs: Costs): string {
  return bySize(costs, [
    ['guarded requests/s', ({ guarded }) => show(guarded)],
    ['refreshes/s', ({ refreshes }) => show(refreshes)],
    ['sign-ins/s', ({ signIns }) => show(signIns)],
    [`cores of event loops at ${percent(headroom.eventLoop)}`, ({ loopCores }) => show(loopCores)],
    [`cores for hashes at ${percent(headroom.hashing)}`, ({ hashCores }) => show(hashCores)],
    [`processes of ${CORES} cores, 2 at least`, ({ processes }) => show(processes)],
    ['writing transactions/s', ({ writes }) => show(writes)],
    ['polling transactions/s', ({ idleTransactions }) => show(idleTransactions)],
    ['revocations that polls read again, rows/s', ({ revocationReads }) => show(revocationReads)],
    [`Postgres cores at ${percent(headroom.postgres)}`, ({ postgresCores }) => show(postgresCores)],
    ['write-ahead log, MB/s, without page images', ({ walMegabytes }) => show(walMegabytes)],
    [`connections, ${built.connections} a process`, ({ connections }) => show(connections)],
    ['revocations alive', ({ liveRevocations }) => show(liveRevocations)],
    [
      `their map in each process, MB (at most ${show(built.revocations)} entries)`,
      ({ mapMegabytes }) => show(mapMegabytes),
    ],
    ['audit events/s', ({ events }) => show(events)],
    ['of what the sealer can do', ({ sealer }) => percent(sealer)],
  ]);
}

function describeStorage(costs: Costs): string {
  return bySize(costs, [
    ['users, GB', ({ userGigabytes }) => show(userGigabytes)],
    ['sessions, rows', ({ sessionRows }) => show(sessionRows)],
    ['sessions, GB', ({ sessionGigabytes }) => show(sessionGigabytes)],
    ['audit events a day', ({ eventsPerDay }) => show(eventsPerDay)],
    [`audit of ${built.auditDays} days, rows`, ({ eventRows }) => show(eventRows)],
    ['audit, GB', ({ auditGigabytes }) => show(auditGigabytes)],
    ['revocations kept, rows, were all hours the peak', ({ revocationRows }) => show(revocationRows)],
    ['revocations, GB', ({ revocationGigabytes }) => show(revocationGigabytes)],
  ]);
}

function describeLimits(costs: Costs): string {
  return table(
    ['runs out', 'at users'],
    findLimits(costs).map(({ name, users }) => [name, show(users)]),
  );
}

function describeQueue({ hashMilliseconds: hash }: Costs): string {
  const rows = [1, CORES - 1].flatMap((cores) =>
    UTILISATIONS.map((utilisation) => {
      const [steady, rushes] = [false, true].map((hasRushes) =>
        simulate({ cores, hash, utilisation, hasRushes, seed: SEED }),
      );
      const cells = [steady, rushes].flatMap((outcome) =>
        outcome === undefined
          ? []
          : [`${show(outcome.median)}, ${show(outcome.p99)}`, percent(outcome.rejected)],
      );
      return [`${cores}`, percent(utilisation), ...cells];
    }),
  );
  const head = [
    'cores',
    'busy',
    'wait ms (median, p99)',
    'turned away',
    'with rushes: wait ms',
    'turned away',
  ];
  return table(head, rows);
}

type Line = readonly [name: string, cell: (plan: Plan) => string];

function bySize(costs: Costs, lines: readonly Line[]): string {
  const plans = SIZES.map((users) => plan(users, costs));
  return table(
    ['users', ...SIZES.map(show)],
    lines.map(([name, cell]) => [name, ...plans.map(cell)]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows].map(line).join('\n');
}

/** Rounds to two digits, which is enough for an estimate. */
function show(value: number): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(2));
  return rounded.toLocaleString('en', { maximumSignificantDigits: 2 });
}

function percent(part: number): string {
  const value = part * 100;
  if (value > 0 && value < 0.01) return '< 0.01 %';
  return `${value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(2))} %`;
}
