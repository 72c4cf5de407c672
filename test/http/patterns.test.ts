/**
 * What is searched in a text of a stranger takes steps in proportion to its length.
 *
 * @runs once, on SQLite: no request is sent.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { checkSync } from 'recheck';
import t, { type Test } from 'tap';
import { createValidatorFactory } from '#latchkey/http/validator.ts';
import { TOKEN } from '#latchkey/tokens/token-header.ts';
import { operations, type Schema } from '../operations.ts';
import { readSources } from '../source-files.ts';

// The part of it that needs no other program.
process.env.RECHECK_BACKEND = 'pure';

/** Characters of the largest body. */
const LARGEST = 16 * 1024;

/** Milliseconds for one pattern, after which it counts as not shown to be linear. */
const PATIENCE_MS = 60_000;

/** Folders and files whose expressions are run on what strangers send. */
const OF_STRANGERS =
  /^(access|http|problems|routes|throttle)\/|^tokens\/(refresh-tokens|token-header)\.ts|^lib\/timestamps\.ts|^accounts\/(normalize|users\/(sort-keys|cursor))\.ts/;

/** A regular expression as it stands in a source. */
const LITERAL =
  /(?<=(?:[(=:,!&|?[;{]|return|=>)\s*)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)/g;

/** All parts of what requests may have. */
const schemas: readonly Schema[] = operations
  .flatMap(({ body, parameters }) => [body?.schema ?? [], ...parameters.map(({ schema }) => schema)].flat())
  .flatMap(partsOf);

function partsOf(schema: Schema): readonly Schema[] {
  const parts = [...(schema.anyOf ?? []), ...Object.values(schema.properties ?? {})];
  return [schema, ...parts.flatMap(partsOf)];
}

/** It is shown by an automaton, so that neither a clock nor chance has a part in it. */
function checkLinear(t: Test, source: string, flags: string, name: string): void {
  const { status, checker } = checkSync(relaxed(source), flags, { timeout: PATIENCE_MS });
  t.strictSame({ status, checker }, { status: 'safe', checker: 'automaton' }, `${name} /${source}/${flags}`);
}

/**
 * An expression that takes all the ways through a text that the given one takes, and perhaps more: automata do without counting far and
 * looking ahead. If this one is linear, so is the other.
 */
function relaxed(source: string): string {
  return source.replace(/\{\d*,?\d\d+\}/g, '*').replace(/\(\?=\[[^\]]*\]\)/g, '');
}

t.test('the check finds what is not linear', async (t) => {
  t.match(checkSync('^[^b]*[^\\sb][^b]*$', 'u'), { status: 'vulnerable', checker: 'automaton' });
});

t.test('every pattern of the contract is linear', async (t) => {
  const patterns = new Set(schemas.flatMap(({ pattern }) => pattern ?? []));
  t.ok(patterns.size >= 5, `${patterns.size} patterns`);
  for (const pattern of patterns) checkLinear(t, pattern, 'u', 'pattern');
});

t.test('every format of the contract is linear', async (t) => {
  const formats = new Set(schemas.flatMap(({ format }) => format ?? []));
  for (const [name, format] of Object.entries(fullFormats).filter(([name]) => formats.delete(name))) {
    if (format instanceof RegExp) checkLinear(t, format.source, format.flags, name);
    else await checkParts(t, name);
  }
  t.strictSame([...formats], [], 'there are no others');
});

/** A format that is a function: the expressions in it, each of which is run once on the text or on a part of it. */
async function checkParts(t: Test, name: string): Promise<void> {
  const parts = { 'date-time': ['DATE', 'TIME', 'DATE_TIME_SEPARATOR'] }[name] ?? [];
  t.not(parts.length, 0, `what ${name} consists of is known`);
  const text = await readFile(fileURLToPath(import.meta.resolve('ajv-formats/dist/formats.js')), 'utf8');
  for (const part of parts) {
    const [, source = '', flags = ''] = new RegExp(`^const ${part} = /(.*)/(.*);$`, 'm').exec(text) ?? [];
    t.not(source, '', part);
    checkLinear(t, source, flags, part);
  }
}

t.test('every regular expression in the sources that strangers meet is linear', async (t) => {
  checkLinear(t, TOKEN.source, TOKEN.flags, 'token');
  let count = 0;
  for (const { path, text } of await readSources('src')) {
    if (!OF_STRANGERS.test(path)) continue;
    for (const [, source = '', flags = ''] of text.matchAll(LITERAL)) {
      count++;
      checkLinear(t, source, flags, path);
    }
  }
  t.ok(count >= 10, `${count} expressions`);
});

t.test('what is too long is not searched', async (t) => {
  // Of texts of this length, the expression would not find an end.
  const slow = '^(a|a)*$';
  for (const httpPart of ['body', 'querystring', 'headers']) {
    const schema = { type: 'object', properties: { name: { type: 'string', maxLength: 3, pattern: slow } } };
    const validate = createValidatorFactory()({})({ schema, httpPart });
    t.notOk(validate({ name: `${'a'.repeat(LARGEST)}b` }));
    t.strictSame(
      validate.errors?.map(({ keyword }) => keyword),
      ['maxLength'],
    );
    t.notOk(validate({ name: 'ab' }));
    t.match(validate.errors, [{ keyword: 'pattern', message: `must match pattern "${slow}"` }]);
    t.ok(validate({ name: 'aa' }));
    t.notOk(validate({ name: '\u{1f600}\u{1f600}' }), 'characters are counted, not their halves');
    t.match(validate.errors, [{ keyword: 'pattern' }]);
  }
});
