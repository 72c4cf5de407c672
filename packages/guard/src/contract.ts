import type { operations, ProblemSlug } from '@latchkey/client';

/** The body of a 200 of Latchkey. */
type Answer<Id extends 'listRevocations' | 'requestIntrospection'> =
  operations[Id]['responses'][200]['content']['application/json'];

/** An answer of `GET /revocations`: docs/reference/feed.md describes the members. */
export type FeedAnswer = Answer<'listRevocations'>;
export type FeedEntry = FeedAnswer['entries'][number];

/** An answer of `POST /introspect`. */
export type Introspection = Answer<'requestIntrospection'>;

/** Problems by their slugs, which have to be some of Latchkey. */
export type ProblemTexts = {
  readonly [slug in ProblemSlug]?: {
    readonly status: number;
    readonly title: string;
    readonly detail: string;
  };
};
