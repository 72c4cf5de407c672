import type { AccessLevels } from '../access/levels.ts';
import type { Db } from '../db/client.ts';

/** What every function of accounts works with: routes, commands and jobs hand over the same. */
export interface AccountsContext {
  readonly db: Db;
  readonly levels: AccessLevels;
}

/** Who asks for a change. */
export interface Actor {
  readonly userId: string;
  readonly access: number;
  /** Of the token that the request came with. */
  readonly generation: number;
}
