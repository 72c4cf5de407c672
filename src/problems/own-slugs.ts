import type {} from 'fastify';
import type { ProblemSlug } from './registry.ts';

/**
 * The slugs of your own problems, for TypeScript: `interface OwnProblems { 'out-of-stock': true }` in a
 * `declare module 'latchkey'`. Their texts are the option `problems`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: others add their members
export interface OwnProblems {}

/** The slug of a problem that the embedding app has declared. */
export type OwnSlug = keyof OwnProblems & string;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The problems of the route itself. Those of its access and its schemas are added. */
    problems?: readonly (ProblemSlug | OwnSlug)[];
  }
}
