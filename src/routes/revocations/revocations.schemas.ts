import { Type } from 'typebox';
import { Ref } from '../../http/schemas.ts';
import { FeedEntry } from '../../tokens/feed-entry.schemas.ts';

/** @param pattern that of cursors */
export const FeedQuery = (pattern: string) =>
  Type.Object(
    {
      after: Type.Optional(
        Type.String({
          pattern,
          maxLength: 100,
          description: '`cursor` of the answer before; without it, everything is answered',
        }),
      ),
      wait: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 1,
          default: 0,
          description: '1 to hold the request, for a second at most, until there is something new',
          examples: [1],
        }),
      ),
    },
    { additionalProperties: false },
  );

const Level = Type.Integer({ minimum: 0, examples: [2] });

export const Feed = Type.Object(
  {
    entries: Type.Array(Ref(FeedEntry), { description: 'what is no longer valid' }),
    cursor: Type.String({
      description: 'send it as `after` with the next request, at once',
      examples: ['Yk3vQ0l0c2VhcmNo.c2VxdWVuY2Ux.42.1767225600000'],
    }),
    resync: Type.Boolean({
      description:
        'true when something may be missing between `after` and these entries: accept no token until `complete` is true',
      examples: [false],
    }),
    complete: Type.Boolean({
      description: 'false when there are more entries: accept no token before they are read',
      examples: [true],
    }),
    asOf: Type.Integer({
      description:
        'milliseconds from the arrival of the request to the poll of the database that the answer rests on; negative when it was before. Trust the answer until 2 s after `asOf` after the request was sent.',
      examples: [450],
    }),
    time: Type.Integer({
      description: "the service's time, in milliseconds since 1970",
      examples: [1_767_225_600_000],
    }),
    kids: Type.Array(Type.String({ examples: ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'] }), {
      description: 'the only keys that verify tokens: refuse all others at once',
    }),
    levels: Type.Array(
      Type.Object(
        { name: Type.String({ examples: ['admin'] }), number: Level },
        { additionalProperties: false },
      ),
      { description: 'the access levels, ascending' },
    ),
    secondFactor: Type.Union(
      [
        Type.Object(
          {
            from: Type.Integer({
              minimum: 0,
              description: 'the lowest level that asks for a second factor',
              examples: [2],
            }),
            below: Type.Integer({
              minimum: 0,
              description: 'the level that a token with one factor has instead',
              examples: [1],
            }),
          },
          { additionalProperties: false },
        ),
        Type.Null(),
      ],
      { description: 'SECOND_FACTOR_FROM; null where it is not set' },
    ),
  },
  { description: 'The tokens and keys that are no longer valid, since a cursor.' },
);
