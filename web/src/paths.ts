/**
 * The table of all pages: name -> path below /ui. Links, redirects and `next` use the names, and routes.ts
 * has the component of each. `:id` is the id of the thing that a page shows. The links in mails lead to four
 * of them (src/accounts/mail-tokens.ts).
 */
export const paths = {
  home: '',
  name: 'account/name',
  email: 'account/email',
  security: 'account/security',
  password: 'account/password',
  app: 'account/app',
  recoveryCodes: 'account/recovery-codes',
  sessions: 'account/sessions',
  activity: 'account/activity',
  access: 'account/access',
  leave: 'account/leave',
  passkeys: 'account/passkeys',
  apiKeys: 'account/api-keys',
  overview: 'overview',
  users: 'users',
  user: 'users/:id',
  invitations: 'invitations',
  invite: 'invite',
  elevated: 'elevated',
  serviceAccounts: 'service-accounts',
  serviceAccount: 'service-accounts/:id',
  audit: 'audit',
  routes: 'routes',
  settings: 'settings',
  signIn: 'sign-in',
  register: 'register',
  forgotPassword: 'forgot-password',
  firstAdmin: 'first-admin',
  acceptInvitation: 'accept-invitation',
  verifyEmail: 'verify-email',
  resetPassword: 'reset-password',
  stopEmailChange: 'stop-email-change',
} as const;

export type PageName = keyof typeof paths;

/** A page, and the id of the thing that it shows, where its path has one. */
export interface Place {
  readonly page: PageName;
  readonly id?: string | undefined;
}

const ID = /:id$/;
/** What an id may be made of. The service says whether there is such a thing. */
const IDS = /^(?<path>.+\/)(?<id>[\w-]{1,64})$/;

const names = new Map<string, PageName>(Object.entries(paths).map(([name, path]) => [path, toName(name)]));

/** Returns the page of a path below /ui. @returns undefined when there is none */
export function placeOf(path: string): Place | undefined {
  const plain = path.replace(/\/$/, '');
  const page = names.get(plain);
  if (page !== undefined) return ID.test(plain) ? undefined : { page };
  const { path: parent, id } = IDS.exec(plain)?.groups ?? {};
  const shows = names.get(`${parent}:id`);
  return shows === undefined ? undefined : { page: shows, id };
}

/** Returns the URL of a page, relative to the `<base>` of the document. */
export function hrefOf({ page, id = '' }: Place): string {
  return `./${paths[page].replace(ID, encodeURIComponent(id))}`;
}

/** Returns the query that brings the reader back to a page after signing in. */
export function nextOf({ page, id }: Place): string {
  if (page === 'home') return '';
  return `?${new URLSearchParams({ next: page, ...(id !== undefined && { id }) })}`;
}

/**
 * Reads the page to show after signing in. It is the name of a page in the table, and never a URL: a link
 * from elsewhere cannot lead to another site.
 */
export function nextPage(search: string): Place {
  const query = new URLSearchParams(search);
  const next = query.get('next');
  if (next === null || !isName(next)) return { page: 'home' };
  // Read as the address bar is: an id that is none leads nowhere.
  return placeOf(hrefOf({ page: next, id: query.get('id') ?? '' }).slice(2)) ?? { page: 'home' };
}

function isName(text: string): text is PageName {
  return Object.hasOwn(paths, text);
}

function toName(text: string): PageName {
  if (isName(text)) return text;
  throw new TypeError(text);
}
