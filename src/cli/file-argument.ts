import { InvalidArgumentError } from 'commander';

/** Of a variable that was not set there is an empty name left, which would stand for the current folder. */
export function fileArgument(name: string): string {
  if (name === '') throw new InvalidArgumentError('Name a file.');
  return name;
}
