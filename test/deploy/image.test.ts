/**
 * Checks of deploy/Dockerfile with a parser and a linter of Dockerfiles. test/packaging/image.packaging.ts
 * runs its steps.
 *
 * @runs once, on SQLite: it asks no database.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type Copy, DockerfileParser, type JSONInstruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import t from 'tap';
import { unknownVariables } from './manifests.ts';

const text = readFileSync('deploy/Dockerfile', 'utf8');
const dockerfile = DockerfileParser.parse(text);
const manifest: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Names of the base images: of each stage, and of the stage that compiles. */
const BASE = `$\{NODE_IMAGE}`;
const COMPILER = `$\{COMPILER_IMAGE}`;

/** Instructions of the last stage, which is the one that runs. */
const last = dockerfile.getInstructions().slice(
  dockerfile
    .getInstructions()
    .map((instruction) => instruction.getKeyword())
    .lastIndexOf('FROM'),
);
const argumentsOf = (keyword: string) =>
  last.filter((one) => one.getKeyword() === keyword).map((one) => one.getArgumentsContent() ?? '');

t.test('The linter accepts the Dockerfile', async (t) => {
  t.strictSame(
    validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`),
    [],
  );
});

t.test('The Dockerfile starts from pinned images, with the repository’s Node.js version', async (t) => {
  const [, version] = /ARG NODE_IMAGE=node:([\d.]+)-bookworm-slim\n/.exec(text) ?? [];
  t.match(text, `ARG COMPILER_IMAGE=node:${version}-bookworm\n`, 'the same Node.js, for its headers');
  const bundled: { optionalDependencies: object } = JSON.parse(
    readFileSync('tools/node/package.json', 'utf8'),
  );
  t.strictSame([...new Set(Object.values(bundled.optionalDependencies))], [version]);
  const froms = dockerfile.getFROMs();
  const names = froms.map((from) => from.getBuildStage());
  for (const [index, from] of froms.entries())
    t.ok([BASE, COMPILER, ...names.slice(0, index)].includes(from.getImage() ?? ''), from.toString());
  t.equal(froms.at(-1)?.getImage(), BASE, 'what builds is not in what runs');
});

t.test('The Dockerfile compiles only argon2, in a separate stage, and runs no install scripts', async (t) => {
  const commands = dockerfile
    .getInstructions()
    .filter((one) => one.getKeyword() === 'RUN')
    .flatMap((one) => (one.getArgumentsContent() ?? '').split('&&'));
  t.notMatch(commands.join('\n'), /apt-get|g\+\+|python|npm rebuild|node-gyp/);
  const compiling = dockerfile.getFROMs().filter((from) => from.getImage() === COMPILER);
  t.strictSame(
    compiling.map((from) => from.getBuildStage()),
    ['argon2'],
  );
  const installations = commands.filter((command) => /npm (ci|install)/.test(command));
  t.equal(installations.length, 3);
  for (const command of installations) t.match(command, / --ignore-scripts /);
});

t.test('The container is not root, has no package manager, and gets signals directly', async (t) => {
  t.strictSame(argumentsOf('USER'), ['node']);
  t.match(argumentsOf('RUN').join('\n'), /^rm -rf \/usr\/local\/lib\/node_modules \/usr\/local\/bin\/npm /);
  const wordsOf = (keyword: string) => {
    const [instruction] = last.filter((one) => one.getKeyword() === keyword) as JSONInstruction[];
    t.ok(instruction?.getOpeningBracket(), `${keyword} in exec form`);
    return instruction?.getJSONStrings().map((word) => word.getJSONValue());
  };
  t.strictSame([wordsOf('ENTRYPOINT'), wordsOf('CMD')], [['latchkey'], ['serve']]);
  t.match(argumentsOf('HEALTHCHECK').join(), 'CMD ["node", "deploy/health-check.js"]');
  t.match(text, `ARG VERSION=${manifest.version}\n`);
  t.match(argumentsOf('LABEL').join(), `org.opencontainers.image.version="$\{VERSION}"`);
});

t.test('The Dockerfile sets only variables that Latchkey reads', async (t) => {
  const names = argumentsOf('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=')[0] ?? ''));
  t.not(names.length, 0);
  t.strictSame(unknownVariables(names), ['MALLOC_ARENA_MAX'], 'which is for the C library');
});

t.test('The files that the Dockerfile copies exist and are in the build context', async (t) => {
  const ignore = readFileSync('.dockerignore', 'utf8').split('\n');
  const copies = dockerfile.getCOPYs().filter((copy: Copy) => copy.getFromFlag() === null);
  const sources = copies.flatMap((copy) => (copy.getArgumentsContent() ?? '').split(' ').slice(0, -1));
  t.not(sources.length, 0);
  for (const source of sources) {
    t.ok(existsSync(source), source);
    const isOpen = ignore.some(
      (line) => line.startsWith('!') && `${source}/`.startsWith(`${line.slice(1)}/`),
    );
    t.ok(isOpen, `${source} is not ignored`);
  }
  t.ok(ignore.includes('*'), 'and nothing else is');
});

t.test('The health check of the image reports whether the service is ready', async (t) => {
  let status = 200;
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/health/ready' ? status : 404).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const PORT = typeof address === 'object' ? String(address?.port) : '';
  const check = async () => {
    const child = spawn(process.execPath, ['deploy/health-check.js'], { env: { PORT }, stdio: 'ignore' });
    return (await once(child, 'exit'))[0];
  };
  t.equal(await check(), 0);
  status = 503;
  t.equal(await check(), 1);
  server.close();
  await once(server, 'close');
  t.equal(await check(), 1, 'no server listens');
});
