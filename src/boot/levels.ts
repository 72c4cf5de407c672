import type { AccessLevels } from '../access/levels.ts';
import { type AccessLevel, ConfigError } from '../config/index.ts';
import type { Transaction } from '../db/client.ts';
import { type Recording, toEvent } from './recording.ts';

/**
 * Compares the configured levels with the recorded ones and with those that users hold, then records them.
 *
 * @throws {ConfigError} as {@link checkLevels}
 */
export async function recordLevels({ db, recorder }: Recording, levels: AccessLevels): Promise<void> {
  await db.transaction(async (tx) => {
    const recorded = await checkLevels(tx, levels);
    const known = new Set(recorded.map(({ name }) => name));
    const removed = recorded.filter(({ name }) => !levels.all.some((level) => level.name === name));
    if (removed.length > 0)
      await tx.accessLevel.deleteMany({ where: { name: { in: removed.map(({ name }) => name) } } });
    const added = levels.all.filter(({ name }) => !known.has(name));
    const recordedAt = new Date();
    if (added.length > 0)
      await tx.accessLevel.createMany({ data: added.map((level) => ({ ...level, recordedAt })) });
    await recorder.record(tx, [
      ...added.map(({ name, number }) => toEvent('level.added', name, { after: { number } })),
      ...removed.map(({ name, number }) => toEvent('level.removed', name, { before: { number } })),
    ]);
  });
}

/**
 * Compares the configured levels with the database. Renumbering would turn moderators into admins, so a name
 * keeps its number for as long as it exists.
 *
 * @returns the recorded levels
 * @throws {ConfigError} when a number has changed under its name, or users hold a level that is no longer
 *   declared
 */
export async function checkLevels(tx: Transaction, levels: AccessLevels): Promise<readonly AccessLevel[]> {
  const recorded = await tx.accessLevel.findMany();
  const moved = recorded.find(({ name, number }) =>
    levels.all.some((level) => level.name === name && level.number !== number),
  );
  if (moved) {
    throw new ConfigError(
      `ACCESS_LEVELS gives ${moved.name} another number than the database, which has ${moved.name}:${moved.number}. ` +
        describeWayOut(moved),
    );
  }
  const held = await findUndeclared(tx, levels);
  if (held !== undefined) {
    const name = recorded.find(({ number }) => number === held)?.name ?? 'its name';
    throw new ConfigError(
      `ACCESS_LEVELS does not declare level ${held}, which users hold. ` +
        `Declare it (${name}:${held}) or give those users another level first.`,
    );
  }
  return recorded;
}

/** Says what to do about a number that has changed. The three names that must be there have no other name. */
function describeWayOut({ name, number }: AccessLevel): string {
  return ['guest', 'user', 'admin'].includes(name)
    ? `Keep ${name}:${number}. Only an empty database takes another number: latchkey export and import move the users into one.`
    : 'A number may not change under its name; declare a new name instead.';
}

/**
 * Finds a level that users hold and that is not declared: between two declared levels, below or above them.
 * Each is one index lookup, for any number of users.
 */
async function findUndeclared(tx: Transaction, levels: AccessLevels): Promise<number | undefined> {
  const numbers = levels.all.map(({ number }) => number).sort((a, b) => a - b);
  const gaps = [undefined, ...numbers].map((gt, index) => ({ gt, lt: numbers[index] }));
  for (const column of ['access', 'permanentAccess'] as const) {
    for (const { gt, lt } of gaps) {
      const range = { ...(gt !== undefined && { gt }), ...(lt !== undefined && { lt }) };
      const query = { where: { [column]: range }, orderBy: { [column]: 'asc' as const } };
      const orphan = await tx.user.findFirst({ ...query, select: { access: true, permanentAccess: true } });
      if (orphan !== null) return orphan[column];
    }
  }
  return undefined;
}
