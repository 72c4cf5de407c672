import { Environment } from '#latchkey/config/index.ts';
import { secretVariables } from '#latchkey/config/secret-files.ts';
import { code, type Parts, table } from './fill-in.ts';

/** The table of the variables, and the list of those that may come from a file. */
export function describeConfiguration(): Parts {
  const rows = Object.entries(Environment.properties).map(([name, schema]) => [
    code(name),
    'default' in schema ? code(String(schema.default)) : '',
    'description' in schema ? String(schema.description) : '',
    'examples' in schema && Array.isArray(schema.examples) ? schema.examples.map(exampleOf).join(', ') : '',
  ]);
  return {
    variables: table(['variable', 'default', 'meaning', 'example'], rows),
    files: secretVariables.map((name) => `- ${code(`${name}_FILE`)}`).join('\n'),
  };
}

/** Some examples are a text that says how to make one. */
function exampleOf(example: unknown): string {
  const text = String(example);
  return text.startsWith('the ') ? text : code(text);
}
