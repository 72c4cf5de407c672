/**
 * Tests that the README matches the program.
 *
 * @runs once, on SQLite: it uses no database.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { declaration } from '#latchkey/access/declaration.ts';
import { Environment } from '#latchkey/config/index.ts';
import { registry } from '#latchkey/problems/registry.ts';
import { leaves } from './cli/program.ts';
import { contract } from './contract.ts';
import { startApi } from './helper.ts';

const readme = readFileSync('README.md', 'utf8');

/** Returns the text between a heading and the next one of its rank. */
function section(heading: string): string {
  const [, rest = ''] = readme.split(`\n## ${heading}\n`);
  return rest.split('\n## ')[0] ?? '';
}

/** Returns the cells of a section's table, without its head. */
function table(heading: string): string[][] {
  const rows = section(heading)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

t.test('The URL table lists the operations of the contract with the access of their routes', async (t) => {
  const { app } = await startApi(t);
  const minimums = new Map(
    app
      .listRoutes()
      .map(({ method, url, config }) => [
        `${method} ${url.replace(/:(\w+)/g, '{$1}')}`,
        config[declaration]?.minimum,
      ]),
  );
  const expected = Object.entries(contract.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const request = `${method.toUpperCase()} ${path}`;
      const minimum = minimums.get(request);
      return [
        `\`${request}\``,
        typeof minimum === 'number' ? app.levels.nameOf(minimum) : 'public',
        operation.summary,
      ];
    }),
  );
  const sorted = (rows: unknown[][]) => [...rows].sort((a, b) => String(a[0]).localeCompare(String(b[0])));
  t.strictSame(sorted(table('URLs')), sorted(expected));
});

t.test('The command table lists the commands of the program', async (t) => {
  t.strictSame(
    table('Commands'),
    leaves.map(({ path, command }) => [`\`latchkey ${path.join(' ')}\``, command.description()]),
  );
});

t.test('The problem table lists the problems of the registry', async (t) => {
  t.strictSame(
    table('Problems'),
    Object.entries(registry).map(([slug, { status, title }]) => [`\`${slug}\``, String(status), title]),
  );
});

t.test('The configuration table lists the variables that the program reads', async (t) => {
  t.strictSame(
    table('Configuration'),
    Object.entries(Environment.properties).map(([name, schema]) => [
      `\`${name}\``,
      'default' in schema ? `\`${schema.default}\`` : '',
      'description' in schema ? schema.description : '',
    ]),
  );
});
