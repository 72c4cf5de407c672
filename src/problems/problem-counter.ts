import type { AnySlug } from './own-problems.ts';
import { slugs } from './registry.ts';

/** Counts how often each problem has been answered since the process began. */
export class ProblemCounter {
  readonly #counts = new Map<AnySlug, number>(slugs.map((slug) => [slug, 0]));

  add(slug: AnySlug): void {
    this.#counts.set(slug, (this.#counts.get(slug) ?? 0) + 1);
  }

  /** The counts of all problems, with those that have not occurred. */
  get counts(): ReadonlyMap<AnySlug, number> {
    return this.#counts;
  }
}
