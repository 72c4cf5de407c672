import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { codeOf } from '../lib/error-code.ts';
import { ConfigError } from './environment.ts';
import { checkNames, describeUnknownName, isKnownName } from './names.ts';

/**
 * A blank line, a comment or an assignment, as `parseEnv` of Node.js reads them. A quoted value may have
 * lines.
 */
const STATEMENT =
  /[^\S\n]*(?:#[^\n]*|(?:export[^\S\n]+)?[\w.-]+[^\S\n]*=[^\S\n]*(?:"[^"]*"|'[^']*'|`[^`]*`)?[^\n]*)?(?:\n|$)/y;

/**
 * Reads a `.env` file.
 *
 * @param options `isShared` when the file is that of an app, which has variables of its own in it: then only
 *   misspelt names are refused
 * @returns its variables; none when there is no file
 * @throws {ConfigError} when a line is no assignment, or a name is none of Latchkey's: its value would have
 *   no effect
 */
export function readDotenv(path: string, { isShared = false } = {}): NodeJS.Dict<string> {
  const text = readText(path);
  const line = findMalformedLine(text);
  if (line !== undefined)
    throw new ConfigError(`line ${line} of .env is no assignment (example: LOG_LEVEL=info)`);
  const variables = parseEnv(text);
  if (isShared) {
    checkNames(variables, '.env');
    return variables;
  }
  const unknown = Object.keys(variables).find((name) => !isKnownName(name));
  if (unknown !== undefined) throw new ConfigError(`${describeUnknownName(unknown)} in .env`);
  return variables;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** @returns the number of the first line that is neither blank nor a comment nor an assignment */
function findMalformedLine(text: string): number | undefined {
  let position = 0;
  while (position < text.length) {
    STATEMENT.lastIndex = position;
    if (!STATEMENT.test(text)) return text.slice(0, position).split('\n').length;
    position = STATEMENT.lastIndex;
  }
  return undefined;
}
