/**
 * Tests which shared schemas the serializers of the answers know.
 *
 * @runs once, on SQLite: it needs no database.
 */
import t from 'tap';
import { buildSerializer } from '#latchkey/http/serializer.ts';

const shared = {
  User: { $id: 'User', type: 'object', properties: { name: { $ref: 'Name#' } } },
  Name: { $id: 'Name', type: 'string' },
  Page: {
    $id: 'Page',
    type: 'object',
    properties: { next: { $ref: 'Page#' }, size: { $id: 'Size', type: 'integer' } },
  },
  unnamed: { type: 'object', properties: { id: { type: 'string' } } },
};

function serializer(schema: object): (data: unknown) => string {
  return buildSerializer(shared)({ schema, method: 'GET', url: '/', httpStatus: '200' });
}

t.test('An answer knows the schemas that it refers to, directly and through another', async (t) => {
  const write = serializer({ type: 'array', items: { $ref: 'User#' } });
  t.equal(write([{ name: 'Ada', secret: 'hidden' }]), '[{"name":"Ada"}]');
});

t.test('A schema may refer to itself, to a part of another and to a name inside another', async (t) => {
  t.equal(serializer({ $ref: 'Page#' })({ next: { size: 1, other: 2 } }), '{"next":{"size":1}}');
  t.equal(serializer({ $ref: 'Page#/properties/size' })('7'), '7');
  t.equal(serializer({ type: 'array', items: { $ref: 'Size#' } })(['7']), '[7]');
});

t.test('A schema without a name of its own has that of its place', async (t) => {
  t.equal(serializer({ $ref: 'unnamed#' })({ id: 'a', other: 'b' }), '{"id":"a"}');
});

t.test('A reference to a schema that is not there fails when the answer is built', async (t) => {
  t.throws(() => serializer({ type: 'array', items: { $ref: 'Nothing#' } }), /Nothing/);
});
