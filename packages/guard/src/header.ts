/** The header `Authorization`: all of its values, where a request has it more than once. */
export type Authorization = string | readonly string[] | undefined;

const NAME = 'authorization';

/**
 * Returns the header `Authorization` of a request of Node.js, which joins or drops a second one in `headers`.
 *
 * @param rawHeaders names and values in turns
 */
export function authorizationOf({ rawHeaders }: { readonly rawHeaders: readonly string[] }): Authorization {
  let found: string | string[] | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length !== NAME.length || name.toLowerCase() !== NAME) continue;
    const value = rawHeaders[at + 1] ?? '';
    found = found === undefined ? value : [found, value].flat();
  }
  return found;
}
