import { InvalidArgumentError } from 'commander';

/**
 * Parses a file argument. An unset shell variable gives an empty name, which would mean the current folder.
 */
export function fileArgument(name: string): string {
  if (name === '') throw new InvalidArgumentError('Give the name of a file.');
  return name;
}
