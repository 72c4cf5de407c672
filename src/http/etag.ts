import { hash } from 'node:crypto';
import { Type } from 'typebox';
import type { User } from '../accounts/users/schemas.ts';
import type { Precondition } from '../accounts/users/update.ts';
import { Problem } from '../problems/problem.ts';

/** An entity tag: RFC 9110 section 8.8.3. */
const ENTITY_TAG = '(?:W/)?"[\\x21\\x23-\\x7e\\x80-\\xff]*"';

/** An entity tag in the published pattern, which every regex flavour reads alike. */
const QUOTED_TAG = '(?:W/)?"[^"]*"';

/** The pattern of If-Match: `*`, or a list whose elements may be empty (RFC 9110 section 5.6.1.2). */
const ifMatch = (tag: string) => `^[ \\t]*(?:\\*|(?:,[ \\t]*)*${tag}(?:[ \\t]*,(?:[ \\t]*${tag})?)*)[ \\t]*$`;

/** nginx makes an ETag weak when it compresses the answer. */
const WEAK_TAG_DETAIL =
  'The entity tags of If-Match are weak (W/"…"), which never match. A proxy has made them so: turn its compression off for this service.';

/** The ETag header of an answer that contains a user. */
export const Etag = Type.String({
  description: 'a strong validator of the user (RFC 9110 section 8.8.3); for admins, and of oneself',
});

/** The headers of a request that changes a user. */
export const ConditionalHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({
      pattern: ifMatch(QUOTED_TAG),
      checkedPattern: ifMatch(ENTITY_TAG),
      description:
        '`*` or a list of entity tags: the change is made only if one of them is still the ETag (RFC 9110 section 13.1.1)',
      examples: ['"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"'],
    }),
  ),
});

/**
 * Computes the strong entity tag of a user: it is the same as long as every member is the same. `externalId`
 * never changes, and is not in the answers to all callers.
 */
export function etagOf({ externalId: _externalId, ...user }: User): string {
  return `"${hash('sha256', JSON.stringify(user), 'base64url')}"`;
}

/**
 * Makes the precondition of an `If-Match` header that fits {@link ConditionalHeaders}. Weak tags never match.
 * `*` needs no check: a user that does not exist is a 404.
 *
 * @returns a precondition that throws `precondition-failed`
 */
export function preconditionOf({ 'if-match': given }: { readonly 'if-match'?: string }): Precondition {
  if (given === undefined || given.trim() === '*') return () => {};
  const tags: readonly string[] = given.match(new RegExp(ENTITY_TAG, 'g')) ?? [];
  const isWeak = tags.length > 0 && tags.every((tag) => tag.startsWith('W/'));
  return (user) => {
    if (!tags.includes(etagOf(user)))
      throw new Problem('precondition-failed', isWeak ? { detail: WEAK_TAG_DETAIL } : {});
  };
}
