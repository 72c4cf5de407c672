import type { Config } from '../../config/index.ts';
import { DataError } from '../../db/data-error.ts';
import { withDatabase } from '../accounts.ts';

/** The people and the API keys that have a level. */
export interface Holders {
  readonly people: number;
  readonly keys: number;
}

/**
 * Counts the enabled people and the living keys by their present level.
 *
 * @returns undefined where there is no database of this version
 */
export async function countHolders(config: Config): Promise<ReadonlyMap<number, Holders> | undefined> {
  try {
    return await withDatabase(config, async ({ db, now }) => {
      const time = await now(db);
      const people = await db.raw.query<{ access: number; count: number }>`
        SELECT CASE WHEN "accessUntil" IS NULL OR "accessUntil" > ${time} THEN "access" ELSE "permanentAccess" END AS "access",
          count(*) AS "count"
        FROM "User" WHERE "kind" = 'person' AND NOT "disabled" GROUP BY 1`;
      const keys = await db.raw.query<{ access: number; count: number }>`
        SELECT CASE WHEN "ApiKey"."access" < "User"."access" THEN "ApiKey"."access" ELSE "User"."access" END AS "access",
          count(*) AS "count"
        FROM "ApiKey" JOIN "User" ON "User"."id" = "ApiKey"."userId"
        WHERE NOT "User"."disabled" AND "ApiKey"."expiresAt" > ${time}
          AND ("User"."kind" = 'service' OR "User"."epoch" = "ApiKey"."epoch")
        GROUP BY 1`;
      const countOf = (rows: typeof people, level: number) =>
        Number(rows.find(({ access }) => Number(access) === level)?.count ?? 0);
      return new Map(
        config.accessLevels.map(({ number }) => [
          number,
          { people: countOf(people, number), keys: countOf(keys, number) },
        ]),
      );
    });
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
