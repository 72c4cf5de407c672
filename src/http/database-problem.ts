import { isOverloaded, isUnavailable } from '../db/errors.ts';
import { type Problem, retryLater } from '../problems/problem.ts';

/** What clients are told when the database is away, or asked for too much; undefined for other errors. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (!isUnavailable(error)) return undefined;
  const slug = isOverloaded(error) ? 'busy' : 'database-unavailable';
  return retryLater(slug, 1, error);
}
