/** The level that a route needs: a name, or a number where the levels are pinned. */
export type Minimum = string | number;

/** Levels by name, as the option `levels` pins them. */
export type PinnedLevels = Readonly<Record<string, number>>;

/** The access levels. The issuer says which number a name has. */
export class Levels {
  readonly #pinned: PinnedLevels | undefined;
  #numbers: ReadonlyMap<string, number>;

  constructor(pinned: PinnedLevels | undefined) {
    this.#pinned = pinned;
    this.#numbers = new Map(Object.entries(pinned ?? {}));
  }

  /**
   * Takes the levels of the issuer.
   *
   * @throws {Error} when they are not those that are pinned
   */
  set(levels: readonly { readonly name: string; readonly number: number }[]): void {
    const numbers = new Map(levels.map(({ name, number }) => [name, number]));
    for (const [name, number] of Object.entries(this.#pinned ?? {}))
      if (numbers.get(name) !== number)
        throw new Error(
          `The option levels gives ${name} the number ${number}, and the issuer ${numbers.get(name)}`,
        );
    this.#numbers = numbers;
  }

  /**
   * Returns the number of a level.
   *
   * @throws {Error} when there is no such level, and for a number whose levels are not pinned
   */
  numberOf(minimum: Minimum): number {
    if (typeof minimum === 'number') {
      this.requireDeclarable(minimum);
      return minimum;
    }
    const number = this.#numbers.get(minimum);
    if (number === undefined)
      throw new Error(
        `There is no access level "${minimum}". There are: ${[...this.#numbers.keys()].join(', ')}`,
      );
    return number;
  }

  /**
   * Checks what can be checked before the issuer was asked.
   *
   * @throws {Error} for a number without pinned levels, or one that is not an integer from 0 up
   */
  requireDeclarable(minimum: Minimum): void {
    if (typeof minimum === 'string') {
      if (this.#pinned !== undefined) this.#requireName(minimum);
      return;
    }
    if (this.#pinned === undefined)
      throw new Error(
        `The minimum ${minimum} is a number: give the name of a level, or pin the option levels`,
      );
    if (!Number.isInteger(minimum) || minimum < 0)
      throw new Error(`The minimum must be an integer from 0 up, not ${minimum}`);
  }

  #requireName(name: string): void {
    if (!this.#numbers.has(name)) throw new Error(`There is no access level "${name}" in the option levels`);
  }
}
