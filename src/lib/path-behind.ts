/** Returns the path of a URL behind a prefix such as `/auth`; the URL itself when it is not below it. */
export function pathBehind(prefix: string, url: string): string {
  return url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url;
}
