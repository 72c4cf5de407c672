import leven from 'leven';
import { ConfigError, Environment } from './environment.ts';
import { secretVariables } from './secret-files.ts';

const names: readonly string[] = [
  ...Object.keys(Environment.properties),
  ...secretVariables.map((name) => `${name}_FILE`),
];
const known: ReadonlySet<string> = new Set(names);

/**
 * Letters of a name from which one wrong letter is a mistake: shorter names are often those of other
 * programs.
 */
const MIN_TYPO_LENGTH = 7;

/** Wrong letters up to which an unknown name is taken for a known one. */
const MAX_SUGGESTION_DISTANCE = 3;

/** Tells whether Latchkey reads a variable of this name. */
export function isKnownName(name: string): boolean {
  return known.has(name);
}

/** Describes an unknown name, with the known one that is closest. */
export function describeUnknownName(name: string): string {
  return `${name} is no variable of Latchkey${suggest(name, names)}`;
}

/** Returns the end of a message about an unknown name: the closest of the known ones, if one is close. */
export function suggest(name: string, known: readonly string[]): string {
  const [closest] = known
    .map((other) => ({ other, distance: leven(name, other) }))
    .sort((a, b) => a.distance - b.distance);
  const isClose = closest !== undefined && closest.distance <= MAX_SUGGESTION_DISTANCE;
  return isClose ? ` (did you mean ${closest.other}?)` : '';
}

/**
 * Checks the environment of the process, which has variables of other programs too.
 *
 * @param place for the message
 * @throws {ConfigError} when a name has one wrong letter: its value would have no effect, and a registration
 *   that was to be closed would stay open
 */
export function checkNames(variables: NodeJS.Dict<string>, place = 'the environment'): void {
  for (const name of Object.keys(variables)) {
    if (known.has(name) || name.length < MIN_TYPO_LENGTH) continue;
    // Where the right one is set too, the other belongs to another program.
    const isTypo = names.some(
      (other) => other.length >= MIN_TYPO_LENGTH && !variables[other] && leven(name, other) === 1,
    );
    if (isTypo) throw new ConfigError(`${describeUnknownName(name)} in ${place}`);
  }
}
