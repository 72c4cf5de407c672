/** Joins the prefix of an app or a scope with a path below it, which is empty for the prefix itself. */
export function pathBelow(prefix: string, path: string): string {
  return `${prefix.replace(/\/$/, '')}${path}`;
}

/** Returns the path of a URL behind a prefix such as `/auth`; the URL itself when it is not below it. */
export function pathBehind(prefix: string, url: string): string {
  return url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url;
}
