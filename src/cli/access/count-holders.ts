import { levelOfKey } from '../../access/api-key-claims.ts';
import type { AccountsContext } from '../../accounts/context.ts';
import type { Config } from '../../config/index.ts';
import { DataError } from '../../db/data-error.ts';
import { withDatabase } from '../accounts.ts';

/** The people and the API keys that have a level. */
export interface Holders {
  readonly people: number;
  readonly keys: number;
}

/**
 * Counts the enabled people and the living keys by their present level: the one that a person has with two
 * factors, and the one that the guard gives a key.
 *
 * @returns undefined where there is no database of this version
 */
export async function countHolders(config: Config): Promise<ReadonlyMap<number, Holders> | undefined> {
  try {
    return await withDatabase(config, async ({ db, now }) => {
      const time = await now(db);
      const people = await countPeople(db, time);
      const keys = await countKeys(db, time, config);
      return new Map(
        config.accessLevels.map(({ number }) => [
          number,
          { people: people.get(number) ?? 0, keys: keys.get(number) ?? 0 },
        ]),
      );
    });
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

type Db = AccountsContext['db'];

async function countPeople(db: Db, time: Date): Promise<ReadonlyMap<number, number>> {
  const rows = await db.raw.query<{ access: number; count: number }>`
    SELECT CASE WHEN "accessUntil" IS NULL OR "accessUntil" > ${time} THEN "access" ELSE "permanentAccess" END AS "access",
      count(*) AS "count"
    FROM "User" WHERE "kind" = 'person' AND NOT "disabled" GROUP BY 1`;
  return new Map(rows.map(({ access, count }) => [Number(access), Number(count)]));
}

async function countKeys(db: Db, time: Date, config: Config): Promise<ReadonlyMap<number, number>> {
  const rows = await db.raw.query<{ cap: number; kind: string; access: number; count: number }>`
    SELECT "ApiKey"."access" AS "cap", "User"."kind" AS "kind",
      CASE WHEN "accessUntil" IS NULL OR "accessUntil" > ${time} THEN "User"."access" ELSE "permanentAccess" END AS "access",
      count(*) AS "count"
    FROM "ApiKey" JOIN "User" ON "User"."id" = "ApiKey"."userId"
    WHERE NOT "User"."disabled" AND "ApiKey"."expiresAt" > ${time}
      AND ("User"."kind" = 'service' OR "User"."epoch" = "ApiKey"."epoch")
    GROUP BY 1, 2, 3`;
  const counts = new Map<number, number>();
  for (const { cap, kind, access: present, count } of rows) {
    const access = Number(present);
    const user = { kind, access, permanentAccess: access, accessUntil: null };
    const level = levelOfKey({ access: Number(cap), user }, config.secondFactor.limit, time.getTime());
    counts.set(level, (counts.get(level) ?? 0) + Number(count));
  }
  return counts;
}
