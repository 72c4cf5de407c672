/**
 * The token of a mail's link. It leaves the address bar when this module is loaded, which is before the
 * router reads the address. It stays in memory: a page that is loaded again has none, and says that the link
 * has to be opened again. Opening a link uses nothing up; only a click sends the token.
 */
let taken: string | undefined;

takeMailToken();

/**
 * Takes the token out of the address bar. It is in the fragment, or with MAIL_LINKS=query in the query. Mail
 * filters may have encoded the `#` (Microsoft Safe Links): then it is at the end of the path.
 */
export function takeMailToken(): void {
  const { hash, pathname, search } = location;
  const [path = '', encoded = ''] = pathname.split(/%23/i);
  const parts = [hash.slice(1), search.slice(1), encoded].map((text) => new URLSearchParams(text));
  const token = parts.map((part) => part.get('token')).find((found) => found !== null) ?? undefined;
  if (token === undefined) return;
  taken = token;
  history.replaceState(null, '', path);
}

/** Returns the token of the link that was opened; undefined when there was none. */
export function mailToken(): string | undefined {
  return taken;
}

/** Forgets the token, because it was used. */
export function forgetMailToken(): void {
  taken = undefined;
}
