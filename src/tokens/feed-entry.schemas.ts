import { type Static, Type } from 'typebox';

const Until = Type.Integer({
  minimum: 0,
  description:
    'keep the entry until this time, in seconds since 1970: then the last token that it concerns has expired',
  examples: [1_767_229_260],
});

const Id = (description: string) =>
  Type.String({ description, examples: ['0197f8d2-7f5a-7c63-9d1e-2b1f6a4c8e01'] });

/** Something that is no longer valid. Entries are facts: none is taken back, and all may come twice. */
export const FeedEntry = Type.Union(
  [
    Type.Object(
      {
        kind: Type.Literal('user'),
        id: Id('`sub` of the tokens'),
        generation: Type.Integer({
          minimum: 0,
          description: 'tokens whose `gen` is lower are revoked',
          examples: [2],
        }),
        until: Until,
      },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        kind: Type.Literal('session'),
        id: Id('`sid` of the tokens, which are revoked; or the id of an API key that has ended'),
        until: Until,
      },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        kind: Type.Literal('everybody'),
        issuedUntil: Type.Integer({
          minimum: 0,
          description: 'tokens whose `iat` is not later are revoked',
          examples: [1_767_225_600],
        }),
        until: Until,
      },
      { additionalProperties: false },
    ),
  ],
  { $id: 'latchkey.FeedEntry', description: 'Something that is no longer valid.' },
);
export type FeedEntry = Static<typeof FeedEntry>;

/** An entry, with its date. */
export interface DatedEntry {
  readonly entry: FeedEntry;
  /** Milliseconds since 1970 by the database's clock. */
  readonly date: number;
}
