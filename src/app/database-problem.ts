import { isUnavailable } from '../db/errors.ts';
import { Problem } from '../problems/problem.ts';

/** What clients are told when the database is away; undefined for other errors. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (!isUnavailable(error)) return undefined;
  return new Problem('database-unavailable', { headers: { 'retry-after': '1' }, cause: error });
}
