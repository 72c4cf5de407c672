import { posix } from 'node:path';
import { type Import, lineAt, type SourceFile } from './source-files.ts';

/** One rule of the house. */
export interface Rule {
  readonly name: string;
  /** Each finding names file and line. */
  find(files: readonly SourceFile[]): string[];
  /** Texts that break the rule, each in one file of its own; and texts near to them that don't. */
  readonly broken: readonly Example[];
  readonly kept?: readonly Example[];
}

/** A path below `src/` and what stands there. */
type Example = readonly [path: string, text: string];

/** The rooms of the house from top to bottom. A room may import from those below it, and from its neighbours without a cycle. */
const floors: readonly (readonly string[])[] = [
  ['server', 'cli'],
  ['app'],
  ['routes', 'jobs'],
  ['http', 'accounts', 'access'],
  ['tokens', 'audit', 'mail', 'throttle'],
  ['db'],
  ['problems'],
  ['config'],
];

/** Words of other houses. Where a vendor's or the platform's name has one in it, it stands behind. */
const foreignWords = /^(role|middleware|controller|dto|manager|helper)s?$/i;
const vendorNames = ['schemaController', 'AbortController'];

export const rules: readonly Rule[] = [
  {
    name: 'every file is in a room of the house',
    find: (files) => files.filter(({ path }) => floorOf(path) === -1).map(({ path }) => `src/${path}:1 is in no room; see floors`),
    broken: [['utils/strings.ts', ''], ['main.ts', '']],
    kept: [['mail/outbox.ts', '']],
  },
  {
    name: 'nothing imports from a room above its own',
    find: eachImport(({ path }, { target }) => target !== undefined && floorOf(target) < floorOf(path) && 'points back up'),
    broken: [
      ['db/a.ts', "import type { User } from '../accounts/users.ts';"],
      ['db/a.ts', "export * from '../tokens/tokens.ts';"],
      ['tokens/a.ts', "const { db } = await import('../accounts/users.ts');"],
      ['accounts/a.ts', "type App = typeof import('../app.ts');"],
      ['config.ts', "import {\n  a,\n} from './problems/problem.ts';"],
      ['db/a.ts', "import '../app.ts';"],
    ],
    kept: [['cli/a.ts', "import { createUser } from '../accounts/users.ts';"], ['db/a.ts', "// see import('../app.ts')"]],
  },
];
