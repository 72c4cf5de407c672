/**
 * Tests the sharing of compiled schemas.
 *
 * @runs once, on SQLite: it needs no database.
 */
import t from 'tap';
import { shareCompiled } from '#latchkey/http/compiled-schemas.ts';

interface Part {
  readonly schema: Record<string, unknown>;
  readonly httpPart: string;
}

/** A factory that counts what it compiles. */
function counting() {
  const compiled: unknown[] = [];
  const build = shareCompiled(
    (shared: Record<string, unknown>) =>
      ({ schema, httpPart }: Part) => {
        if (schema.type === 'broken') throw new Error('It cannot be compiled');
        return { at: compiled.push([shared, schema, httpPart]) };
      },
    ({ schema, httpPart }) => [schema, httpPart === 'body'],
  );
  return { build, compiled };
}

t.test('Equal schemas are compiled once, also of another scope with equal shared schemas', async (t) => {
  const { build, compiled } = counting();
  const first = build({ User: { type: 'object' } })({ schema: { $ref: 'User#' }, httpPart: 'querystring' });
  const second = build({ User: { type: 'object' } })({ schema: { $ref: 'User#' }, httpPart: 'params' });
  t.equal(first, second);
  t.equal(compiled.length, 1);
});

t.test('Parts that differ in anything that matters are compiled each', async (t) => {
  const { build, compiled } = counting();
  const parts: [Record<string, unknown>, Part][] = [
    [{ User: { type: 'object' } }, { schema: { $ref: 'User#' }, httpPart: 'params' }],
    [{ User: { type: 'string' } }, { schema: { $ref: 'User#' }, httpPart: 'params' }],
    [{ User: { type: 'object' } }, { schema: { $ref: 'User#', description: 'b' }, httpPart: 'params' }],
    [{ User: { type: 'object' } }, { schema: { $ref: 'User#' }, httpPart: 'body' }],
  ];
  const results = parts.map(([shared, part]) => build(shared)(part));
  t.equal(new Set(results).size, parts.length);
  t.equal(compiled.length, parts.length);
});

t.test('A schema that cannot be compiled fails each time', async (t) => {
  const compile = counting().build({});
  for (let time = 0; time < 2; time++)
    t.throws(() => compile({ schema: { type: 'broken' }, httpPart: 'body' }), /cannot be compiled/);
});
