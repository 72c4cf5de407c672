import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { FastifySchemaValidationError } from 'fastify';
import { EMAIL_FORMAT } from '../lib/email-address.ts';
import { CHECKED_PATTERN } from '../lib/pattern-keyword.ts';
import { isErrorStatus } from './own-problems.ts';
import { type ErrorCode, type InvalidPart, MAX_ERRORS } from './problem.schemas.ts';
import { Problem, type ProblemExtras } from './problem.ts';
import type { ProblemSlug } from './registry.ts';

/** Fastify's own error codes, and their problems. */
const frameworkProblems: Readonly<Record<string, ProblemSlug>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-request',
  FST_ERR_BAD_URL: 'bad-url',
  FST_ERR_MAX_PARAM_LENGTH: 'uri-too-long',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The keywords of JSON Schema, and the codes of what does not fit them. */
const codes: Readonly<Record<string, ErrorCode>> = {
  type: 'type',
  format: 'format',
  pattern: 'format',
  [CHECKED_PATTERN]: 'format',
  enum: 'not-listed',
  const: 'not-listed',
  minLength: 'too-short',
  minItems: 'too-short',
  minProperties: 'required',
  maxLength: 'too-long',
  maxItems: 'too-long',
  minimum: 'too-small',
  exclusiveMinimum: 'too-small',
  maximum: 'too-large',
  exclusiveMaximum: 'too-large',
};

const PATTERNS: ReadonlySet<string> = new Set(['pattern', CHECKED_PATTERN]);

/**
 * Turns a thrown value into the problem for the client. An error with a `statusCode` keeps it. Any other
 * unexpected error is an `internal-error`.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof Error))
    return statusProblem(error) ?? new Problem('internal-error', { cause: error });
  if ('validation' in error && Array.isArray(error.validation)) {
    return validationProblem(
      error.validation,
      'validationContext' in error ? error.validationContext : 'body',
    );
  }
  const slug = 'code' in error && typeof error.code === 'string' ? frameworkProblems[error.code] : undefined;
  if (slug) return new Problem(slug, { cause: error });
  // Thrown by secure-json-parse, which Fastify uses for bodies, for `__proto__` members.
  if (error instanceof SyntaxError && 'statusCode' in error)
    return new Problem('malformed-json', { cause: error });
  return statusProblem(error) ?? new Problem('internal-error', { cause: error });
}

/**
 * Makes the problem of an error that has its own status, as those of Fastify, http-errors and
 * `@fastify/sensible` have. As with http-errors, its message is for the client when `expose` is true, and its
 * `headers` are those of the answer. Without `expose`, it is for the client below 500, as in Fastify. A plain
 * 500 is an unexpected error.
 */
function statusProblem(error: unknown): Problem | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  if (!isErrorStatus(statusCode)) return undefined;
  const isExposed = 'expose' in error ? error.expose === true : statusCode < 500;
  if (statusCode === 500 && !isExposed) return undefined;
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  const isShown = isExposed && message !== '';
  return new Problem(statusCode, {
    ...(isShown && { detail: message }),
    // For the log: the client does not get all of it.
    ...((!isShown || statusCode >= 500) && { cause: error }),
    headers: 'headers' in error ? headersOf(error.headers) : {},
  });
}

/** Returns the headers that can be sent. Those of the body (`Content-Length`) are the problem's own. */
function headersOf(headers: unknown): NonNullable<ProblemExtras['headers']> {
  const entries = Object.entries(Object(headers)).flatMap(([name, value]): [string, string | string[]][] => {
    const values = [value].flat().map(String);
    const isOfBody = /^(content-|transfer-encoding$|connection$)/i.test(name);
    if (value === undefined || value === null || isOfBody || !isSendable(name, values)) return [];
    return [[name.toLowerCase(), Array.isArray(value) ? values : (values[0] ?? '')]];
  });
  return Object.fromEntries(entries);
}

function isSendable(name: string, values: readonly string[]): boolean {
  try {
    validateHeaderName(name);
    for (const value of values) validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/**
 * Turns validation errors into a problem. A path with invalid parameters is a page that does not exist; for
 * everything else, the errors list the parts.
 */
function validationProblem(errors: readonly FastifySchemaValidationError[], context: unknown): Problem {
  if (context === 'params') return new Problem('not-found');
  const place = context === 'querystring' ? 'query' : context === 'headers' ? 'headers' : 'body';
  const parts = errors.slice(0, MAX_ERRORS).map((error) => invalidPart(error, place));
  const more = errors.length - parts.length;
  if (more > 0)
    parts.push({
      in: place,
      pointer: '',
      code: 'more',
      message: `has ${more} more ${more === 1 ? 'error' : 'errors'}`,
    });
  return new Problem('validation-failed', { errors: parts });
}

function invalidPart(error: FastifySchemaValidationError, place: InvalidPart['in']): InvalidPart {
  const { missingProperty, additionalProperty } = error.params;
  if (typeof missingProperty === 'string') {
    const pointer = join(error.instancePath, missingProperty);
    return { in: place, pointer, code: 'required', message: 'is required' };
  }
  if (typeof additionalProperty === 'string') {
    const pointer = join(error.instancePath, additionalProperty);
    return { in: place, pointer, code: 'unknown', message: 'is not known here' };
  }
  const code = codes[error.keyword] ?? 'invalid';
  return { in: place, pointer: error.instancePath, code, message: messageOf(error) };
}

/**
 * Returns the message of an error: in words where the validator would show a regular expression, or would not
 * list the allowed values.
 */
function messageOf(error: FastifySchemaValidationError): string {
  const description = descriptionOf(error);
  const { allowedValues, allowedValue, format } = error.params;
  const isInWords = PATTERNS.has(error.keyword) || format === EMAIL_FORMAT;
  if (isInWords && description !== undefined) return `must be ${description}`;
  if (Array.isArray(allowedValues)) {
    return `must be one of ${allowedValues.join(', ')}${description === undefined ? '' : ` (${description})`}`;
  }
  // The validator says that there is a constant, and not which one.
  if (error.keyword === 'const') return `must be ${String(allowedValue)}`;
  return error.message ?? 'is not valid';
}

/**
 * Returns the description of the schema that was not met. The validators report the schema, although the type
 * of Fastify does not have it.
 */
function descriptionOf(error: object): string | undefined {
  if (!('parentSchema' in error) || typeof error.parentSchema !== 'object' || error.parentSchema === null)
    return undefined;
  const { parentSchema } = error;
  return 'description' in parentSchema && typeof parentSchema.description === 'string'
    ? parentSchema.description
    : undefined;
}

/** Appends a member's name to a JSON Pointer (RFC 6901 section 3). */
function join(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
