import type { Command } from 'commander';
import { buildProgram } from '#latchkey/cli/program.ts';
import { code, type Parts, table } from './fill-in.ts';

/** Columns of the help texts: as many as a page shows without scrolling. */
const HELP_COLUMNS = 100;

/** A command with an action, and the words that call it; groups of commands have no action. */
interface Leaf {
  readonly words: string;
  readonly command: Command;
}

/** The table of the commands, and the help text of each. */
export function describeCommands(): Parts {
  const leaves = leavesOf(buildProgram(), ['latchkey']);
  return {
    commands: table(
      ['command', 'meaning'],
      leaves.map(({ words, command }) => [code(words), command.description()]),
    ),
    help: leaves
      .map(({ words, command }) => `## ${words}\n\n\`\`\`text\n${helpOf(command).trim()}\n\`\`\``)
      .join('\n\n'),
  };
}

function leavesOf(command: Command, words: readonly string[]): Leaf[] {
  if (command.commands.length === 0) return [{ words: words.join(' '), command }];
  return command.commands.flatMap((sub) => leavesOf(sub, [...words, sub.name()]));
}

/** Returns the text of `--help`, with the examples that a command adds to it. */
function helpOf(command: Command): string {
  const texts: string[] = [];
  command.configureOutput({
    writeOut: (text) => void texts.push(text),
    getOutHelpWidth: () => HELP_COLUMNS,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return texts.join('');
}
