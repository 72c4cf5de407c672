import { Type } from 'typebox';
import { requireEntry } from '../../../problems/own-problems.ts';
import { InvalidPart, MAX_ERRORS } from '../../../problems/problem.schemas.ts';
import { isSlug, type ProblemSlug, slugs } from '../../../problems/registry.ts';

const CHALLENGE = 'Y2hhbGxlbmdlY2hhbGxlbmdlY2hhbGxlbmdlY2hhbGw';

/** The members that only some problems have, and their schemas. */
const ownMembers: Partial<Readonly<Record<ProblemSlug, object>>> = {
  'validation-failed': {
    errors: {
      type: 'array',
      items: ref('InvalidPart'),
      maxItems: MAX_ERRORS + 1,
      description: `every invalid part: ${MAX_ERRORS} at most, and a last one with the pointer "" and the code \`more\` that says how many more there are`,
    },
  },
  'access-denied': {
    required: Type.Integer({ description: 'the access level that the route asks for', examples: [2] }),
    actual: Type.Integer({ description: "the caller's access level", examples: [1] }),
  },
  'operation-not-allowed': {
    operation: Type.String({
      description: 'its operationId; for a route without one, its method and URL',
      examples: ['createUser'],
    }),
  },
  'second-factor-required': {
    challenge: Type.String({
      description: 'goes to `POST /login/second-factor`, once, within 5 minutes',
      examples: [CHALLENGE],
    }),
    methods: {
      type: 'array',
      items: { type: 'string', enum: ['totp', 'passkey', 'recoveryCode'] },
      description:
        'what the account has: `totp` is answered with `code`, `recoveryCode` with `recoveryCode`, and `passkey` with `passkey`, for options of `POST /login/second-factor/options`',
    },
  },
};

/**
 * Builds the schemas of all problems, and of their union, in which `slug` tells them apart.
 *
 * @param ownSlugs the problems that own routes declare
 */
export function problemSchemas(ownSlugs: readonly string[]): Readonly<Record<string, object>> {
  const all = [...slugs, ...ownSlugs];
  return {
    InvalidPart,
    ...Object.fromEntries(all.map((slug) => [nameOf(slug), problemSchema(slug)])),
    Problem: {
      description: 'Any problem (RFC 9457): an error, and what to do about it.',
      oneOf: all.map((slug) => ref(nameOf(slug))),
      discriminator: {
        propertyName: 'slug',
        mapping: Object.fromEntries(all.map((slug) => [slug, ref(nameOf(slug)).$ref])),
      },
    },
  };
}

/** Builds the schema of an answer whose examples are these problems. */
export function problemUnion(listed: readonly string[]): object {
  const refs = listed.map((slug) => ref(nameOf(slug)));
  const [only] = refs;
  return refs.length === 1 && only !== undefined ? only : { oneOf: refs };
}

function problemSchema(slug: string): object {
  const { status, title } = requireEntry(slug);
  const own = isSlug(slug) ? (ownMembers[slug] ?? {}) : {};
  return {
    type: 'object',
    description: `${title}.`,
    required: ['type', 'slug', 'title', 'status', 'detail', ...Object.keys(own), 'requestId'],
    properties: {
      type: { type: 'string', format: 'uri', description: 'URL of its entry in the registry' },
      slug: { type: 'string', const: slug },
      title: { type: 'string' },
      status: { type: 'integer', const: status },
      detail: { type: 'string', description: 'what is wrong and what to do about it' },
      ...own,
      requestId: { type: 'string', description: 'finds the request in the log' },
    },
  };
}

/** Returns the name of a component: `access-denied` is `AccessDeniedProblem`. */
function nameOf(slug: string): string {
  const words = slug.split('-').map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return `${words.join('')}Problem`;
}

function ref(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** Builds the example of a problem. */
export function exampleProblem(slug: string) {
  const { status, title, detail } = requireEntry(slug);
  const members = { type: `http://localhost:3000/problems/${slug}`, slug, title, status, detail };
  if (slug === 'validation-failed') {
    return {
      ...members,
      errors: [{ in: 'body', pointer: '/email', code: 'required', message: 'is required' }],
      requestId: 'req-1',
    };
  }
  return {
    ...members,
    ...(slug === 'access-denied' && { required: 2, actual: 1 }),
    ...(slug === 'operation-not-allowed' && { operation: 'createUser' }),
    ...(slug === 'second-factor-required' && { challenge: CHALLENGE, methods: ['totp', 'recoveryCode'] }),
    requestId: 'req-1',
  };
}
