/**
 * What the README says is what the program does.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { declaration } from '#latchkey/access/plugin.ts';
import { Environment } from '#latchkey/config/index.ts';
import { registry } from '#latchkey/problems/registry.ts';
import { leaves } from './cli/program.ts';
import { contract } from './contract.ts';
import { startApi } from './helper.ts';

const readme = readFileSync('README.md', 'utf8');

/** The text between a heading and the next one of its rank. */
function section(heading: string): string {
  const [, rest = ''] = readme.split(`\n## ${heading}\n`);
  return rest.split('\n## ')[0] ?? '';
}

/** The cells of a section's table, without its head. */
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

t.test('the URL table lists the operations of the contract, with what the routes ask for', async (t) => {
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

t.test('the command table is the program', async (t) => {
  t.strictSame(
    table('Commands'),
    leaves.map(({ path, command }) => [`\`latchkey ${path.join(' ')}\``, command.description()]),
  );
});

t.test('the problem table is the registry', async (t) => {
  t.strictSame(
    table('Problems'),
    Object.entries(registry).map(([slug, { status, title }]) => [`\`${slug}\``, String(status), title]),
  );
});

t.test('the configuration table is the one that the program reads', async (t) => {
  t.strictSame(
    table('Configuration'),
    Object.entries(Environment.properties).map(([name, schema]) => [
      `\`${name}\``,
      'default' in schema ? `\`${schema.default}\`` : '',
      'description' in schema ? schema.description : '',
    ]),
  );
});
