import type { AccessLevels } from '../../access/levels.ts';
import { compile } from '../../lib/compile-schema.ts';
import { parseTimestamp, toWholeSeconds } from '../../lib/timestamps.ts';
import { unusableHash } from '../passwords/hash.ts';
import { acceptHash, type HashOptions } from '../passwords/parse-hash.ts';
import { buildUserRow, type UserRowInput } from '../users/users.ts';
import { UserRecord } from './record.schemas.ts';

/** A user who is to be imported. */
export interface ImportedUser {
  readonly row: Omit<UserRowInput, 'accessUntil'> & { readonly accessUntil: Date | null };
  /** True when the record has the id, and false when the import has made it. */
  readonly hasOwnId: boolean;
}

/** The user of a line, or all problems of the line. */
export type ReadRecord = { readonly user: ImportedUser } | { readonly problems: readonly string[] };

const members = Object.entries(UserRecord.properties).map(([name, schema]) => ({
  name,
  isRequired: UserRecord.required.some((required) => required === name),
  mustBe: 'description' in schema ? String(schema.description) : '',
  fits: compile(schema),
}));
const isRecord = compile(UserRecord);

/** Reads a line of an export. The problems never contain a hash. */
export function readRecord(text: string, levels: AccessLevels, hashes: HashOptions = {}): ReadRecord {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problems: ['is not a JSON object'] };
  // Other software writes null for what it does not have.
  const given = Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
  if (!isRecord(given)) return { problems: findProblems(given) };
  return toImportedUser(given, levels, hashes);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function findProblems(value: Readonly<Record<string, unknown>>): string[] {
  const known = new Set(members.map(({ name }) => name));
  const unknown = Object.keys(value).filter((name) => !known.has(name));
  return [
    ...members
      .filter(({ name, isRequired }) => isRequired && !Object.hasOwn(value, name))
      .map(({ name }) => `${name} is missing`),
    ...members
      .filter(({ name, fits }) => Object.hasOwn(value, name) && !fits(value[name]))
      .map(({ name, mustBe }) => `${name} must be ${mustBe}`),
    ...unknown.map(
      (name) => `${JSON.stringify(name.slice(0, 40))} is not known: the members are ${[...known].join(', ')}`,
    ),
  ];
}

function toImportedUser(record: UserRecord, levels: AccessLevels, hashes: HashOptions): ReadRecord {
  const now = new Date();
  const createdAt = record.createdAt === undefined ? now : readTime(record.createdAt);
  const updatedAt = record.updatedAt === undefined ? createdAt : readTime(record.updatedAt);
  const access = record.access ?? levels.default;
  const elevation = readElevation(record.elevation ?? null, access, levels);
  const hash =
    record.passwordHash == null ? { hash: unusableHash() } : acceptHash(record.passwordHash, hashes);
  const problems = [
    ...(levels.has(access) ? [] : [`access must be one of ${levels.describe()}`]),
    ...elevation.problems,
    ...findTimeProblems({ createdAt, updatedAt }, now),
    ...(isAfter(record.id, now) ? ['id must not be of a time in the future'] : []),
    ...('problem' in hash
      ? [`passwordHash ${hash.problem}: leave it out, and the user sets a password by mail`]
      : []),
  ];
  if (problems.length > 0 || createdAt === undefined || updatedAt === undefined || 'problem' in hash)
    return { problems };
  const { name, email, disabled = false } = record;
  const { externalId } = record;
  const from = {
    id: record.id?.toLowerCase(),
    createdAt,
    externalId: externalId === undefined ? null : String(externalId),
  };
  const user = buildUserRow({ name, email, access, passwordHash: hash.hash }, from);
  return {
    user: { row: { ...user, ...elevation.columns, disabled, updatedAt }, hasOwnId: record.id !== undefined },
  };
}

/** An elevation that has expired is ignored. */
function readElevation(
  elevation: NonNullable<UserRecord['elevation']> | null,
  permanent: number,
  levels: AccessLevels,
) {
  if (elevation === null) return { problems: [], columns: {} };
  const { access } = elevation;
  const until = readTime(elevation.until);
  const problems = [
    ...(levels.has(access) ? [] : [`elevation.access must be one of ${levels.describe()}`]),
    ...(access > permanent ? [] : [`elevation.access must be above access, ${permanent}`]),
    ...(until === undefined ? ['elevation.until must be a time as in 2026-01-31T12:00:00Z, or a date'] : []),
  ];
  const isOver = until === undefined || until <= new Date();
  return { problems, columns: isOver ? {} : { access, accessUntil: toWholeSeconds(until) } };
}

/**
 * Ids contain the creation time, and lists are sorted by it: a time in the future would stay first until
 * then.
 */
function findTimeProblems(times: Readonly<Record<string, Date | undefined>>, now: Date): string[] {
  return Object.entries(times).flatMap(([name, time]) => {
    if (time === undefined) return [`${name} must be a time as in 2026-01-31T12:00:00Z, or a date`];
    return time > now ? [`${name} must not be in the future`] : [];
  });
}

/** Reads a time, or a date as its beginning in UTC. */
function readTime(text: string): Date | undefined {
  return parseTimestamp(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
}

/** Tells whether the time in a UUIDv7 (RFC 9562 section 5.7: the first 48 bits) is later than another. */
function isAfter(id: string | undefined, time: Date): boolean {
  return id !== undefined && Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) > time.getTime();
}
