import { type ProblemSlug, slugs } from './registry.ts';

/** How often each problem has been answered since the process began. */
export class ProblemCounter {
  readonly #counts = new Map<ProblemSlug, number>(slugs.map((slug) => [slug, 0]));

  add(slug: ProblemSlug): void {
    this.#counts.set(slug, (this.#counts.get(slug) ?? 0) + 1);
  }

  /** All problems, also those that nobody has met. */
  get counts(): ReadonlyMap<ProblemSlug, number> {
    return this.#counts;
  }
}
