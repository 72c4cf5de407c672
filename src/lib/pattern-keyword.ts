import { type KeywordDefinition, str } from 'ajv';

/**
 * The keyword of a pattern that only the service checks, with the `u` flag. The OpenAPI document leaves it
 * out, because classes such as `\\s` and characters above U+007F mean something else in each regex flavour. A
 * `pattern` beside it is for the document: every flavour reads it alike, and it accepts more.
 */
export const CHECKED_PATTERN = 'checkedPattern';

/**
 * The two keywords of patterns for ajv, in place of its own `pattern`. A text above `maxLength` is not
 * tested: all errors are reported, so ajv itself would test it.
 */
export const patternKeywords: readonly KeywordDefinition[] = ['pattern', CHECKED_PATTERN].map((keyword) => ({
  keyword,
  type: 'string',
  schemaType: 'string',
  compile: (source: string, { maxLength, [CHECKED_PATTERN]: checked = source }) => {
    if (source !== checked) return () => true;
    const expression = new RegExp(source, 'u');
    return (text: string) => isLonger(text, maxLength) || expression.test(text);
  },
  error: { message: ({ schemaCode }) => str`must match pattern "${schemaCode}"` },
}));

/**
 * Tells whether a text has more characters than the limit. Like ajv, it counts a pair of surrogates as one.
 */
function isLonger(text: string, limit: unknown): boolean {
  if (typeof limit !== 'number' || text.length <= limit) return false;
  return text.length > 2 * limit || [...text].length > limit;
}
