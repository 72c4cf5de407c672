import type { components } from './schema.ts';

/** Any problem that the service answers with. Its `slug` tells which one it is. */
export type Problem = components['schemas']['Problem'];
export type ProblemSlug = Problem['slug'];

/** Tells whether a value is a problem, or the problem with this slug, whose members are then typed. */
export function isProblem(value: unknown): value is Problem;
export function isProblem<Slug extends ProblemSlug>(
  value: unknown,
  slug: Slug,
): value is Extract<Problem, { slug: Slug }>;
export function isProblem(value: unknown, slug?: ProblemSlug): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'slug' in value &&
    typeof value.slug === 'string' &&
    'status' in value &&
    (slug === undefined || value.slug === slug)
  );
}
