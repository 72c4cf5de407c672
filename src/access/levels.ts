import type { AccessLevel } from '../config/index.ts';

/** The minimum that a route declares: a level's name, its number, or `public` for no token at all. */
export type DeclaredAccess = 'public' | (string & {}) | number;

/** The configured access levels, with the look-ups that the rest of the service needs. */
export class AccessLevels {
  /** Ascending by number. */
  readonly all: readonly AccessLevel[];
  /** The level of new users. */
  readonly default: number;
  /** The highest level. */
  readonly admin: number;
  readonly #nameByNumber: ReadonlyMap<number, string>;
  readonly #numberByName: ReadonlyMap<string, number>;

  /** @param levels as parsed from ACCESS_LEVELS: with a `guest`, a `user` and an `admin` */
  constructor(levels: readonly AccessLevel[]) {
    this.all = levels;
    this.#nameByNumber = new Map(levels.map(({ name, number }) => [number, name]));
    this.#numberByName = new Map(levels.map(({ name, number }) => [name, number]));
    this.default = this.numberOf('user');
    this.admin = this.numberOf('admin');
  }

  /** Tells whether a level has this number. */
  has(number: number): boolean {
    return this.#nameByNumber.has(number);
  }

  /**
   * Returns the name of a level. A number without a level is returned as text; the boot refuses users that
   * have one.
   */
  nameOf(number: number): string {
    return this.#nameByNumber.get(number) ?? String(number);
  }

  /**
   * Returns the number of a level.
   *
   * @throws {Error} when no level has this name
   */
  numberOf(name: string): number {
    const number = this.#numberByName.get(name);
    if (number === undefined)
      throw new Error(`There is no access level "${name}". There are: ${this.describe()}`);
    return number;
  }

  /** Lists the levels as text: `0 (guest), 1 (user), 2 (admin)`. */
  describe(): string {
    return this.all.map(({ name, number }) => `${number} (${name})`).join(', ');
  }
}
