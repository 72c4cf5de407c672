/**
 * Tests that every regular expression on the input of unauthenticated callers takes time proportional to its
 * length.
 *
 * @runs once, on SQLite: no request is sent.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { checkSync } from 'recheck';
import t, { type Test } from 'tap';
import * as accountSchemas from '#latchkey/accounts/users/schemas.ts';
import * as etag from '#latchkey/http/etag.ts';
import { buildValidator } from '#latchkey/http/validator.ts';
import { compile } from '#latchkey/lib/compile-schema.ts';
import { CHECKED_PATTERN } from '#latchkey/lib/pattern-keyword.ts';
import { TOKEN } from '#latchkey/tokens/token-header.ts';
import { operations, type Schema } from '../operations.ts';
import { readSources } from '../source-files.ts';

// The part of the package that needs no other program.
process.env.RECHECK_BACKEND = 'pure';

/** Characters of the largest body. */
const MAX_BODY_LENGTH = 16 * 1024;

/** Timeout of one pattern, after which it does not count as linear. */
const TIMEOUT_MS = 60_000;

/** Folders and files whose expressions run on the input of unauthenticated callers. */
const OF_STRANGERS =
  /^(access|http|problems|routes|throttle)\/|^tokens\/(refresh-tokens|token-header)\.ts|^lib\/timestamps\.ts|^accounts\/(normalize|users\/(sort-keys|cursor))\.ts/;

/** A regular expression in a source. */
const LITERAL =
  /(?<=(?:[(=:,!&|?[;{]|return|=>)\s*)\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)/g;

/** Lists the schemas of all parts of requests. */
const schemas: readonly Schema[] = operations
  .flatMap(({ body, parameters }) => [body?.schema ?? [], ...parameters.map(({ schema }) => schema)].flat())
  .flatMap(partsOf);

function partsOf(schema: Schema): readonly Schema[] {
  const parts = [...(schema.anyOf ?? []), ...Object.values(schema.properties ?? {})];
  return [schema, ...parts.flatMap(partsOf)];
}

/** Checks a pattern with an automaton, so the result depends neither on a clock nor on chance. */
function checkLinear(t: Test, source: string, flags: string, name: string): void {
  const { status, checker } = checkSync(relaxed(source), flags, { timeout: TIMEOUT_MS });
  t.strictSame({ status, checker }, { status: 'safe', checker: 'automaton' }, `${name} /${source}/${flags}`);
}

/**
 * Returns an expression that accepts all paths through a text of the given one, and perhaps more: automata
 * support neither large counts nor lookaheads. If this one is linear, the given one is linear too.
 */
function relaxed(source: string): string {
  return source.replace(/\{\d*,?\d\d+\}/g, '*').replace(/\(\?=\[[^\]]*\]\)/g, '');
}

t.test('The check finds a regular expression that is not linear', async (t) => {
  t.match(checkSync('^[^b]*[^\\sb][^b]*$', 'u'), { status: 'vulnerable', checker: 'automaton' });
});

t.test('Every pattern of the contract is linear', async (t) => {
  const patterns = new Set(schemas.flatMap(({ pattern }) => pattern ?? []));
  t.ok(patterns.size >= 4, `${patterns.size} patterns`);
  for (const pattern of patterns) checkLinear(t, pattern, 'u', 'pattern');
});

t.test('Every pattern that only the service checks is linear', async (t) => {
  const patterns = new Set<string>();
  const find = (_: string, value: unknown) => {
    if (typeof value === 'object' && value !== null && CHECKED_PATTERN in value)
      patterns.add(String(value[CHECKED_PATTERN]));
    return value;
  };
  JSON.stringify([accountSchemas, accountSchemas.NewPassword(15), etag.ConditionalHeaders], find);
  t.equal(patterns.size, 5, 'texts, names, ids, addresses and entity tags');
  for (const pattern of patterns) checkLinear(t, pattern, 'u', CHECKED_PATTERN);
  const uses = (await readSources('src')).filter(({ text }) => /\bcheckedPattern:/.test(text));
  t.strictSame(uses.map(({ path }) => path).sort(), ['accounts/users/schemas.ts', 'http/etag.ts']);
});

t.test('Every format of the contract is linear', async (t) => {
  const formats = new Set(schemas.flatMap(({ format }) => format ?? []));
  for (const [name, format] of Object.entries(fullFormats).filter(([name]) => formats.delete(name))) {
    if (format instanceof RegExp) checkLinear(t, format.source, format.flags, name);
    else await checkParts(t, name);
  }
  t.strictSame([...formats], [], 'there are no others');
});

/**
 * Lists the expressions in a format that is a function. Each of them runs once on the text or on a part of
 * it.
 */
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

t.test('Every regular expression that unauthenticated callers can reach is linear', async (t) => {
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

t.test('A text that is too long is not tested against its pattern', async (t) => {
  // On texts of this length, the expression would never end.
  const slow = '^(a|a)*$';
  for (const httpPart of ['body', 'querystring', 'headers']) {
    const schema = { type: 'object', properties: { name: { type: 'string', maxLength: 3, pattern: slow } } };
    const validate = buildValidator({})({ schema, httpPart });
    t.notOk(validate({ name: `${'a'.repeat(MAX_BODY_LENGTH)}b` }));
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

t.test('A checked pattern is tested in place of the published one', async (t) => {
  const schema = {
    type: 'object',
    properties: { name: { type: 'string', pattern: '^[a-z]*$', checkedPattern: '^[ab]*$' } },
  };
  for (const validate of [buildValidator({})({ schema, httpPart: 'body' }), compile(schema)]) {
    t.notOk(validate({ name: 'C' }));
    t.ok(validate({ name: 'ab' }));
    t.notOk(validate({ name: 'c' }));
  }
  const validate = buildValidator({})({ schema, httpPart: 'body' });
  validate({ name: 'C' });
  t.strictSame(
    validate.errors?.map(({ keyword }) => keyword),
    [CHECKED_PATTERN],
    'it is one error and not two',
  );
});
