/** Mutations of a valid access token that are possible without its key. */
import type { JsonWebKey } from 'node:crypto';
import fc, { type Arbitrary } from 'fast-check';
import { forgedFrom } from './forged-tokens.ts';
import { decode, encode, segmentsOf } from './segments.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const SPACES = [' ', '\t', '\v', '\u00a0', '%20', '+'];

/** Replaces one segment of a token. */
const withSegment = (token: string, at: number, segment: string) =>
  segmentsOf(token)
    .map((before, index) => (index === at ? segment : before))
    .join('.');

const eachSegment = (token: string, change: (segment: string, at: number) => readonly string[]) =>
  segmentsOf(token).flatMap((segment, at) =>
    change(segment, at).map((changed) => withSegment(token, at, changed)),
  );

const bits = [0, 1, 2, 3, 4, 5, 6, 7];

/** Flips each bit of the text, and each bit of the decoded bytes. */
function flipped(token: string): string[] {
  const flip = (bytes: Buffer) =>
    [...bytes.keys()].flatMap((at) =>
      bits.map((bit) => {
        const copy = Buffer.from(bytes);
        copy[at] = (copy[at] ?? 0) ^ (1 << bit);
        return copy;
      }),
    );
  return [
    ...flip(Buffer.from(token)).map((bytes) => bytes.toString('latin1')),
    ...eachSegment(token, (segment) => flip(decode(segment)).map((bytes) => bytes.toString('base64url'))),
  ];
}

/** Mixes the segments of several tokens, and changes their order or number. */
function swapped(tokens: readonly string[]): string[] {
  const [headers, payloads, signatures] = [0, 1, 2].map((at) =>
    tokens.map((token) => segmentsOf(token)[at] ?? ''),
  );
  const mixed = (headers ?? []).flatMap((a) =>
    (payloads ?? []).flatMap((b) => (signatures ?? []).map((c) => `${a}.${b}.${c}`)),
  );
  const [a = '', b = '', c = ''] = segmentsOf(tokens[0] ?? '');
  const others = [
    `${a}.${c}.${b}`,
    `${b}.${a}.${c}`,
    `${a}.${b}`,
    `${a}.${b}.`,
    `.${b}.${c}`,
    `${a}..${c}`,
    `${a}.${b}.${c}.${c}`,
  ];
  const joined = [
    `${a}.${b}.${c}.`,
    `.${a}.${b}.${c}`,
    `${a}${b}.${c}`,
    `${a}.${b}.${c}${a}.${b}.${c}`,
    `${a}.${b}.${c},${a}.${b}.${c}`,
  ];
  return [...mixed.filter((token) => !tokens.includes(token)), ...others, ...joined];
}

/** Encodes the same segments differently. */
function respelt(token: string): string[] {
  return eachSegment(token, (segment) => {
    const bytes = decode(segment);
    const last = segment.slice(0, -1);
    return [
      ...[...ALPHABET].map((character) => last + character),
      ...['=', '==', '===', '%3D', '.', '-', '_', 'A', 'AA', 'AAAA'].map((end) => segment + end),
      ...[bytes.toString('base64'), bytes.toString('hex'), bytes.toString('latin1'), encode(segment)],
      ...[
        segment.replaceAll('-', '+').replaceAll('_', '/'),
        `${segment.replaceAll('-', '+').replaceAll('_', '/')}=`,
      ],
      ...[
        segment.toUpperCase(),
        segment.toLowerCase(),
        encodeURIComponent(`${segment}=`),
        [...segment].reverse().join(''),
      ],
      ...[`\ufeff${bytes}`, `${bytes} `, ` ${bytes}`, `${bytes}\n`, `${bytes}\0`].map(encode),
    ];
  }).filter((changed) => changed !== token);
}

/** Writes the same header or claims as different JSON, and adds members that were not signed. */
function rewritten(token: string): string[] {
  return eachSegment(token, (segment, at) => {
    if (at === 2) return [];
    const text = decode(segment).toString();
    const members = Object.entries<unknown>(JSON.parse(text));
    const twice = members.flatMap(([name, value]) => [
      text.replace('{', `{${JSON.stringify(name)}:${JSON.stringify(value)},`),
      text.replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`),
      text.replace(`"${name}"`, `"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}"`),
      text.replace(`"${name}"`, `"${name.toUpperCase()}"`),
      JSON.stringify(Object.fromEntries(members.filter(([other]) => other !== name))),
    ]);
    const raised = ['"access":2,', '"access":2147483647,', '"exp":99999999999,', '"__proto__":{"access":2},'];
    return [
      ...twice,
      ...raised.flatMap((more) => [
        text.replace('{', `{${more}`),
        text.replace(/\}$/, `,${more.slice(0, -1)}}`),
      ]),
      ...[
        JSON.stringify(JSON.parse(text), null, 1),
        JSON.stringify(Object.fromEntries(members.reverse())),
        `[${text}]`,
      ],
    ].map(encode);
  });
}

/** Inserts characters, and cuts off the beginning or the end. */
function spacedAndCut(token: string): string[] {
  const places = [...token].keys();
  return [...places].flatMap((at) => [
    ...(at === 0
      ? []
      : [
          token.slice(0, at) + SPACES[at % SPACES.length] + token.slice(at),
          token.slice(0, at),
          token.slice(at),
        ]),
  ]);
}

/**
 * Lists all mutations of a token; each differs from it.
 *
 * @param others other valid tokens
 * @param jwk public key, which an attacker can read
 */
export function mutationsOf(token: string, others: readonly string[], jwk: JsonWebKey): string[] {
  return [
    ...flipped(token),
    ...swapped([token, ...others]),
    ...respelt(token),
    ...rewritten(token),
    ...forgedFrom(token, jwk),
    ...spacedAndCut(token),
  ];
}

/** Generates edits of a token at a few positions. */
export function editsOf(token: string): Arbitrary<string> {
  const place = fc.nat(token.length - 1);
  const character = fc.oneof(
    fc.constantFrom(...ALPHABET),
    fc.constantFrom('.', '=', ' ', '+', '/', '~', '\u00e9'),
  );
  const edit = fc.oneof(
    fc.tuple(place, character).map(
      ([at, text]) =>
        (old: string) =>
          old.slice(0, at) + text + old.slice(at + 1),
    ),
    fc.tuple(place, character).map(
      ([at, text]) =>
        (old: string) =>
          old.slice(0, at) + text + old.slice(at),
    ),
    fc.tuple(place, fc.nat(9)).map(
      ([at, count]) =>
        (old: string) =>
          old.slice(0, at) + old.slice(at + count),
    ),
    fc.tuple(place, place).map(
      ([from, to]) =>
        (old: string) =>
          old.slice(0, to) + old.slice(from, from + 9) + old.slice(to),
    ),
  );
  return fc
    .array(edit, { minLength: 1, maxLength: 5 })
    .map((edits) => edits.reduce((text, change) => change(text), token));
}
