/** All commands, as the program has them. */
import type { Command } from 'commander';
import { buildProgram } from '#latchkey/cli/program.ts';

/** A command that does something, and is no group of others. */
export interface Leaf {
  /** As it is called: `['user', 'create']` */
  readonly path: readonly string[];
  readonly command: Command;
}

export const leaves: readonly Leaf[] = leavesOf(buildProgram(), []);

function leavesOf(command: Command, path: readonly string[]): Leaf[] {
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((sub) => leavesOf(sub, [...path, sub.name()]));
}
