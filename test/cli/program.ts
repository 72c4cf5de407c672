/** The list of all commands of the program. */
import type { Command } from 'commander';
import { buildProgram } from '#latchkey/cli/program.ts';

/** A command with an action; groups of commands have none. */
export interface Leaf {
  /** Words of the call: `['user', 'create']`. */
  readonly path: readonly string[];
  readonly command: Command;
}

export const leaves: readonly Leaf[] = leavesOf(buildProgram(), []);

function leavesOf(command: Command, path: readonly string[]): Leaf[] {
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((sub) => leavesOf(sub, [...path, sub.name()]));
}
