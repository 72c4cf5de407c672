import { noRequest } from '../../audit/event.ts';
import type { Transaction } from '../../db/client.ts';
import { isAnyUniqueViolation } from '../../db/errors.ts';
import { DuplicateFinder } from '../../db/files/duplicate-finder.ts';
import { insertRows } from '../../db/raw/insert.ts';
import { newId } from '../../lib/id.ts';
import { change } from '../change.ts';
import type { AccountsContext } from '../context.ts';
import { BEYOND_ALL_GENERATIONS } from '../users/delete.ts';
import { generationAsOf } from './generation.ts';
import { type ImportedUser, readRecord } from './record.ts';

/** Users of one transaction: some tens of milliseconds in which SQLite's other writers wait. */
const BATCH = 500;

/** Tries of a batch in which somebody registers meanwhile with an address of it. */
const ATTEMPTS = 5;

/** A line of the file; a problem in place of a text that could not be read. */
export type ImportedLine = { readonly number: number } & (
  | { readonly text: string }
  | { readonly problem: string }
);

/** How an import goes. */
export interface ImportCounts {
  readonly created: number;
  /** They are here already, with the same address, and the same id where the line says one. */
  readonly skipped: number;
  readonly failed: number;
}

export interface ImportOptions {
  /** Says what would happen, and writes nothing. */
  readonly isDryRun: boolean;
  /** Stands in the events of all users that it creates. */
  readonly importId?: string;
  /** Hears of each line that is wrong, and is waited for. */
  onProblem(line: number, problems: readonly string[]): Promise<void>;
  /** Hears after each batch. */
  onProgress(counts: ImportCounts): void;
}

/**
 * Creates the users of an export, of which there may be millions. Batches are committed one by one, since one transaction of all would keep
 * everybody else from writing; a line that is wrong is reported, and the others go on. Whatever was created before is skipped, so that
 * the same file can be sent again: after a crash, or with its wrong lines mended.
 *
 * Each user is an event of its own, as everybody else who is created: what happened to a user is found by that user's id.
 */
export async function importUsers(
  context: AccountsContext,
  lines: AsyncIterable<ImportedLine>,
  { isDryRun, importId = newId(), onProblem, onProgress }: ImportOptions,
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
      : await createBatch(context, batch, deleted, { importId, generation });
    for (const [index, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string') counts[outcome] += 1;
      else await fail(batch[index]?.line ?? 0, [outcome.problem]);
    }
    onProgress(counts);
  };
  try {
    let batch: Entry[] = [];
    for await (const line of lines) {
      const read = 'text' in line ? readRecord(line.text, context.levels) : { problems: [line.problem] };
      const problems = 'problems' in read ? read.problems : findRepetition(seen, line.number, read.user);
      if ('user' in read && problems.length === 0) batch.push({ line: line.number, ...read.user });
      else await fail(line.number, problems);
      if (batch.length < BATCH) continue;
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
  const keys = [['email', row.email] as const, ...(hasOwnId ? [['id', row.id] as const] : [])];
  return keys.flatMap(([member, value]) => {
    const first = seen.add(value, line);
    return first === undefined ? [] : [`${member} is on line ${first} too`];
  });
}

/** @returns the outcome of each, in their order */
async function createBatch(
  context: AccountsContext,
  batch: readonly Entry[],
  deleted: ReadonlySet<string>,
  { importId, generation }: { readonly importId: string; readonly generation: number },
): Promise<Outcome[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change(context, async (tx, { record }) => {
        const outcomes = await findOutcomes(tx, batch, deleted);
        const rows = batch
          .filter((_, index) => outcomes[index] === 'created')
          // Whoever has an id may have tokens of the installation that the export is of.
          .map(({ row, hasOwnId }) => (hasOwnId ? { ...row, generation, epoch: generation } : row));
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
        return outcomes;
      });
    } catch (error) {
      if (attempt === ATTEMPTS || !isAnyUniqueViolation(error)) throw error;
    }
  }
}

async function findOutcomes(
  tx: Transaction,
  batch: readonly Entry[],
  deleted: ReadonlySet<string>,
): Promise<Outcome[]> {
  const select = { id: true, email: true } as const;
  const ids = batch.filter(({ hasOwnId }) => hasOwnId).map(({ row }) => row.id);
  const emails = batch.map(({ row }) => row.email);
  const known = [
    ...(await tx.user.findMany({ where: { email: { in: emails } }, select })),
    ...(ids.length === 0 ? [] : await tx.user.findMany({ where: { id: { in: ids } }, select })),
  ];
  const idByEmail = new Map(known.map(({ id, email }) => [email, id]));
  const knownIds = new Set(known.map(({ id }) => id));
  return batch.map(({ row, hasOwnId }) => {
    const owner = idByEmail.get(row.email);
    if (owner !== undefined)
      return hasOwnId && owner !== row.id
        ? { problem: `email has an account with another id, ${owner}: leave the id out to skip it` }
        : 'skipped';
    if (hasOwnId && knownIds.has(row.id))
      return { problem: 'id is that of a user with another address: leave it out to get a new one' };
    if (deleted.has(row.id))
      return {
        problem:
          'id is that of a user who was deleted in the last hours, whose tokens are still refused: leave it out',
      };
    return 'created';
  });
}

/** Whoever is in memory as revoked for good: with this id, nobody could do anything until it is forgotten. */
async function readDeleted({ db }: AccountsContext): Promise<ReadonlySet<string>> {
  const where = { generation: BEYOND_ALL_GENERATIONS };
  const rows = await db.revocation.findMany({ where, select: { userId: true } });
  return new Set(rows.flatMap(({ userId }) => userId ?? []));
}
