import { exampleOf } from './check-environment.ts';
import { ConfigError } from './environment.ts';

/** A name for an integer that users hold and routes ask for. */
export interface AccessLevel {
  readonly name: string;
  readonly number: number;
}

/**
 * Parses `guest:0,user:1,admin:2`; the rules are those of the design's section "Access".
 *
 * @returns the levels, ascending by number, frozen
 * @throws {ConfigError} when the text breaks a rule
 */
export function parseAccessLevels(text: string): readonly AccessLevel[] {
  const refuse = (problem: string): never => {
    throw new ConfigError(`ACCESS_LEVELS ${problem} ${exampleOf('ACCESS_LEVELS')}`);
  };
  const levels = text.split(',').map((entry) => {
    const match = /^\s*([a-z][a-z0-9_-]{0,31}):(\d{1,9})\s*$/.exec(entry);
    return match?.[1] === undefined
      ? refuse(`has an entry that is not name:number, ${JSON.stringify(entry.trim())}`)
      : Object.freeze({ name: match[1], number: Number(match[2]) });
  });
  levels.sort((a, b) => a.number - b.number);
  if (new Set(levels.map(({ name }) => name)).size < levels.length) refuse('names a level twice');
  if (new Set(levels.map(({ number }) => number)).size < levels.length)
    refuse('gives one number to two levels');
  if (levels.some(({ name }) => name === 'public'))
    refuse('names a level public, which is what routes without a guard declare');
  if (levels[0]?.name !== 'guest' || levels[0].number !== 0) refuse('must have guest:0 as its lowest level');
  if (levels.at(-1)?.name !== 'admin') refuse('must have admin as its highest level');
  if (!levels.some(({ name }) => name === 'user')) refuse('must have a level user, which new users get');
  return Object.freeze(levels);
}
