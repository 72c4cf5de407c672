import type { RouteOptions } from 'fastify';
import leven from 'leven';
import { DeclarationError } from '../lib/declaration-error.ts';

/**
 * Misspellings that TypeScript refuses in the `config` of a route. It has no excess property check there,
 * because Fastify infers the type of `config` from the object itself. The start refuses all the others.
 */
export type Misspelling =
  | 'Access'
  | 'acccess'
  | 'acceess'
  | 'acces'
  | 'accesss'
  | 'accss'
  | 'acess'
  | 'acesss'
  | 'acsess'
  | 'axcess'
  | 'MaxAge'
  | 'max_age'
  | 'maxAges'
  | 'maxage'
  | 'mxaAge'
  | 'Factors'
  | 'Factor'
  | 'factor'
  | 'facors'
  | 'facotrs'
  | 'facter'
  | 'facters'
  | 'factorss'
  | 'fators'
  | 'Session'
  | 'sesion'
  | 'sessoin'
  | 'sesssion'
  | 'sessions';

/** Members of `config` that no value fits. */
export type Misspelt = { readonly [name in Misspelling]?: never };

/** Members of `config` without which a route would be less guarded. */
const GUARDING = ['access', 'maxAge', 'factors', 'session'];

/** Words that are near to one of these names, and may be members of a host's own. */
const WORDS: ReadonlySet<string> = new Set(['actors', 'factory']);

/** @throws {DeclarationError} when a member of `config` has nearly the name of one that guards the route */
export function refuseMisspelling({ method, url, config }: RouteOptions): void {
  for (const name of Object.keys(config ?? {})) {
    const meant = GUARDING.find((right) => isMisspelt(name, right));
    if (meant !== undefined)
      throw new DeclarationError(`The config of ${method} ${url} has "${name}": do you mean "${meant}"?`);
  }
}

function isMisspelt(name: string, right: string): boolean {
  return (
    name !== right && !WORDS.has(name) && leven(name.replace('_', '').toLowerCase(), right.toLowerCase()) <= 1
  );
}
