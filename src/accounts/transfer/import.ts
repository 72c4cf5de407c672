import { noRequest } from '../../audit/event.ts';
import type { Transaction } from '../../db/client.ts';
import { renewDatabaseId } from '../../db/database-id.ts';
import { isAnyUniqueViolation } from '../../db/errors.ts';
import { DuplicateFinder } from '../../db/files/duplicate-finder.ts';
import { insertRows } from '../../db/raw/insert.ts';
import { newId } from '../../lib/id.ts';
import { makeChange } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { endInvitationsTo } from '../invitations/end.ts';
import type { HashOptions } from '../passwords/parse-hash.ts';
import { BEYOND_ALL_GENERATIONS } from '../users/delete.ts';
import { generationAsOf } from './generation.ts';
import { type ImportedUser, readRecord } from './record.ts';

/** Users of one transaction. It takes some tens of milliseconds, in which other writers of SQLite wait. */
const BATCH_USERS = 500;

/** Attempts to commit a batch. One fails when a person registers meanwhile with an address of the batch. */
const MAX_ATTEMPTS = 5;

/** A line of the file, or the reason why it could not be read. */
export type ImportedLine = { readonly number: number } & (
  | { readonly text: string }
  | { readonly problem: string }
);

/** The counts of an import. */
export interface ImportCounts {
  readonly created: number;
  /** Users that exist already, with the same address, and with the same id if the line has one. */
  readonly skipped: number;
  readonly failed: number;
}

export interface ImportOptions {
  /** Counts what would happen, and writes nothing. */
  readonly isDryRun: boolean;
  /** The id of the import in the audit events of its users. */
  readonly importId?: string;
  /** Parameters that the hashes of some software do not contain. */
  readonly hashes?: HashOptions;
  /** Is called for each invalid line. The import waits for it. */
  onProblem(line: number, problems: readonly string[]): Promise<void>;
  /** Is called after each batch. */
  onProgress(counts: ImportCounts): void;
}

/**
 * Creates the users of an export, which may be millions. Each batch is committed by itself: one transaction
 * for all would block all other writers. An invalid line is reported, and the import continues. Users that
 * exist already are skipped, so the same file can be imported again after a crash or after its invalid lines
 * were corrected.
 *
 * Each user has an audit event, like every other user that is created, so that the events of a user are found
 * by the user's id.
 */
export async function importUsers(
  context: AccountsContext,
  lines: AsyncIterable<ImportedLine>,
  { isDryRun, importId = newId(), hashes, onProblem, onProgress }: ImportOptions,
): Promise<ImportCounts> {
  const deleted = await readDeleted(context);
  const generation = generationAsOf(await context.now(context.db));
  const seen = new DuplicateFinder();
  const counts = { created: 0, skipped: 0, failed: 0 };
  const fail = (line: number, problems: readonly string[]) => {
    counts.failed += 1;
    return onProblem(line, problems);
  };
  const commitBatch = async (batch: readonly Entry[]) => {
    const outcomes = isDryRun
      ? await findOutcomes(context.db, batch, deleted)
      : await createBatch(context, batch, deleted, { importId, generation, isFirst: counts.created === 0 });
    for (const [index, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string') counts[outcome] += 1;
      else await fail(batch[index]?.line ?? 0, [outcome.problem]);
    }
    onProgress(counts);
  };
  try {
    let batch: Entry[] = [];
    for await (const line of lines) {
      const read =
        'text' in line ? readRecord(line.text, context.levels, hashes) : { problems: [line.problem] };
      const problems = 'problems' in read ? read.problems : findRepetition(seen, line.number, read.user);
      if ('user' in read && problems.length === 0) batch.push({ line: line.number, ...read.user });
      else await fail(line.number, problems);
      if (batch.length < BATCH_USERS) continue;
      await commitBatch(batch);
      batch = [];
    }
    if (batch.length > 0) await commitBatch(batch);
  } finally {
    seen.close();
  }
  return counts;
}

interface Entry extends ImportedUser {
  readonly line: number;
}

type Outcome = 'created' | 'skipped' | { readonly problem: string };

function findRepetition(seen: DuplicateFinder, line: number, { row, hasOwnId }: ImportedUser): string[] {
  const { email, id, externalId } = row;
  const keys = Object.entries({ email, ...(hasOwnId && { id }), ...(externalId !== null && { externalId }) });
  return keys.flatMap(([member, value]) => {
    const first = seen.add(`${member} ${value}`, line);
    return first === undefined ? [] : [`${member} is on line ${first} too`];
  });
}

interface BatchOptions {
  readonly importId: string;
  readonly generation: number;
  /** True until a batch of this import has created users. */
  readonly isFirst: boolean;
}

/** @returns the outcome of each entry, in their order */
async function createBatch(
  context: AccountsContext,
  batch: readonly Entry[],
  deleted: ReadonlySet<string | null>,
  { importId, generation, isFirst }: BatchOptions,
): Promise<Outcome[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await makeChange(context, async (change) => {
        const { tx, record } = change;
        const outcomes = await findOutcomes(tx, batch, deleted);
        const rows = batch
          .filter((_, index) => outcomes[index] === 'created')
          // A user with an id may have tokens of the installation that made the export.
          .map(({ row, hasOwnId }) => (hasOwnId ? { ...row, generation, epoch: generation } : row));
        // The tokens of other installations do not count here: readers of the feed begin anew.
        if (isFirst && rows.length > 0) await renewDatabaseId(tx);
        await insertRows(tx, 'User', rows);
        for (const { id, name, email, access } of rows) {
          const personal = { after: { name, email } };
          const after = { access, import: importId };
          record({
            action: 'user.created',
            actorId: null,
            targetId: id,
            after,
            personal,
            requestContext: noRequest,
          });
        }
        await endInvitationsTo(change, rows, { actorId: null, requestContext: noRequest });
        return outcomes;
      });
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isAnyUniqueViolation(error)) throw error;
    }
  }
}

async function findOutcomes(
  tx: Transaction,
  batch: readonly Entry[],
  deleted: ReadonlySet<string | null>,
): Promise<Outcome[]> {
  const select = { id: true, email: true, externalId: true } as const;
  const ids = batch.filter(({ hasOwnId }) => hasOwnId).map(({ row }) => row.id);
  const externalIds = batch.flatMap(({ row }) => row.externalId ?? []);
  const emails = batch.map(({ row }) => row.email);
  const known = [
    ...(await tx.user.findMany({ where: { email: { in: emails } }, select })),
    ...(ids.length === 0 ? [] : await tx.user.findMany({ where: { id: { in: ids } }, select })),
    ...(externalIds.length === 0
      ? []
      : await tx.user.findMany({ where: { externalId: { in: externalIds } }, select })),
  ];
  const idByEmail = new Map(known.map(({ id, email }) => [email, id]));
  const knownIds = new Set(known.map(({ id }) => id));
  const knownExternalIds = new Set(known.map(({ externalId }) => externalId));
  return batch.map(({ row, hasOwnId }) => {
    const owner = idByEmail.get(row.email);
    if (owner !== undefined)
      return hasOwnId && owner !== row.id
        ? { problem: `email has an account with another id, ${owner}: leave the id out to skip it` }
        : 'skipped';
    if (hasOwnId && knownIds.has(row.id))
      return { problem: 'id is that of a user with another address: leave it out to get a new one' };
    if (row.externalId !== null && knownExternalIds.has(row.externalId))
      return { problem: 'externalId is that of a user with another address' };
    if (deleted.has(row.id))
      return {
        problem:
          'id is that of a user who was deleted in the last hours, whose tokens are still refused: leave it out',
      };
    return 'created';
  });
}

/**
 * The ids of deleted users that are still revoked, or whose personal data is still being erased. A new user
 * with such an id could not use the service until the revocation expires, and would have no personal data.
 */
async function readDeleted({ db }: AccountsContext): Promise<ReadonlySet<string | null>> {
  const where = { generation: BEYOND_ALL_GENERATIONS };
  const rows = await db.revocation.findMany({ where, select: { userId: true } });
  const erasures = await db.erasure.findMany({ select: { subjectId: true } });
  return new Set([...rows.map(({ userId }) => userId), ...erasures.map((row) => row.subjectId)]);
}
