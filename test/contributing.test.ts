/**
 * Tests that CONTRIBUTING.md and the files for editors and GitHub name only what exists.
 *
 * @runs once, on SQLite: it uses no database.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

const text = readFileSync('CONTRIBUTING.md', 'utf8');
const { scripts, engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const workflow = parse(readFileSync('.github/workflows/ci.yml', 'utf8'));

function blocks(language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block = '']) => block,
  );
}

t.test('Every script that CONTRIBUTING.md and VS Code name is in package.json', async (t) => {
  const sources = text + readFileSync('.vscode/launch.json', 'utf8');
  const named = new Set(
    [...sources.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name = '']) => name),
  );
  t.ok(named.size >= 8, [...named].join());
  for (const name of named) t.hasOwnProp(scripts, name);
});

t.test('Every line of a code block is an npm command or a test file', async (t) => {
  const lines = blocks('sh').flatMap((block) => block.trim().split('\n'));
  t.ok(lines.length >= 10);
  for (const line of lines) {
    t.match(line, /^(?:npm (?:ci|test|run [\w:]+)(?: -- .+)?|node (?:--inspect-brk )?test\/\S+)$/);
    for (const [path] of line.matchAll(/test\/\S+/g)) t.ok(existsSync(path), line);
  }
});

t.test('Every file that CONTRIBUTING.md links to exists', async (t) => {
  const links = [...text.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, path = '']) => path);
  t.ok(links.length >= 8);
  for (const path of links) t.ok(existsSync(path), path);
});

t.test('The layers in CONTRIBUTING.md are the layers that dependency-cruiser checks', async (t) => {
  const [, held = ''] =
    /const layers = \[\n(.*?)\n\];/s.exec(readFileSync('.dependency-cruiser.js', 'utf8')) ?? [];
  t.match(held, 'accounts');
  t.strictSame(blocks('text'), [`${held.replaceAll(/^ +\[|'|\],$/gm, '')}\n`]);
});

t.test(
  'docs/contributing/architecture.md names files that exist and the layers in their order',
  async (t) => {
    const page = readFileSync('docs/contributing/architecture.md', 'utf8');
    const files = [...page.matchAll(/`([\w/-]+\.ts)`/g)].map(([, path = '']) => path);
    t.ok(files.length >= 30);
    for (const path of files) t.ok(existsSync(`src/${path}`), path);
    const [, held = ''] =
      /const layers = \[\n(.*?)\n\];/s.exec(readFileSync('.dependency-cruiser.js', 'utf8')) ?? [];
    const rows = [...page.matchAll(/^\| \d+ \| ([^|]+) \|/gm)].map(([, folders = '']) =>
      [...folders.matchAll(/`([\w-]+)(?:\.ts)?`/g)].map(([, name]) => name),
    );
    t.strictSame(
      rows,
      held.split('\n').map((line) => [...line.matchAll(/'(\w+)'/g)].map(([, name]) => name)),
    );
  },
);

t.test('The workflow runs the steps of .ci/run on each supported Node.js and both databases', async (t) => {
  const { test, check } = workflow.jobs;
  const commandsOf = (job: { steps: readonly { run?: string }[] }) =>
    job.steps.flatMap(({ run }) => run ?? []);
  // One of them yields to another that runs beside it.
  const lines = readFileSync('.ci/run', 'utf8').matchAll(
    /^(?:nice -n \d+ )?(npm (?:run|test)[^|>\n]*(?<! ))/gm,
  );
  const commands = [...lines].map(([, command]) => command);
  t.ok(commands.length >= 6);
  const [tests, others] = [commands.pop(), commands];
  t.strictSame(
    commandsOf(check).filter((command) => command.startsWith('npm run')),
    others,
  );
  t.equal(commandsOf(test).at(-1), `${tests} -- --db=\${{ matrix.database }}`);
  t.strictSame(test.strategy.matrix, {
    node: [...engines.node.matchAll(/\^(\d+)/g)].map(([, major]) => Number(major)),
    database: ['sqlite', 'postgres'],
  });
  const version = readFileSync('.nvmrc', 'utf8').trim();
  t.ok(test.strategy.matrix.node.includes(Number(version)), `Node.js ${version} is one of them`);
});

t.test('The issue forms have the members that GitHub requires', async (t) => {
  for (const name of ['bug', 'feature']) {
    const form = parse(readFileSync(join('.github/ISSUE_TEMPLATE', `${name}.yml`), 'utf8'));
    t.match(form, { name: String, description: String });
    for (const { type, id, attributes } of form.body) {
      if (type === 'markdown') t.match(attributes, { value: String });
      else t.match({ id, attributes }, { id: String, attributes: { label: String } });
    }
  }
});
