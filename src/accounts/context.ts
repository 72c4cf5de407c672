import type { AccessLevels } from '../access/levels.ts';
import { noRequest, type RequestContext } from '../audit/event.ts';
import type { EventAggregator } from '../audit/event-aggregator.ts';
import type { Database } from '../db/client.ts';
import type { Outbox } from '../mail/outbox.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { RevocationFeed } from '../tokens/revocations.ts';

/** What every function of accounts works with: routes, commands and jobs hand over the same. */
export interface AccountsContext extends Pick<Database, 'db' | 'now'> {
  readonly levels: AccessLevels;
  readonly revocations: Pick<RevocationFeed, 'apply'>;
  /** Slows down whoever guesses. */
  readonly throttle: Throttle;
  /** Counts what is refused. */
  readonly eventAggregator: Pick<EventAggregator, 'add'>;
  readonly outbox: Outbox;
  /** Where the links in mails lead, without a slash at the end. */
  readonly frontendUrl: string;
}

/** Who asks for a change: the claims of the token that the request came with. */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly access: number;
  readonly generation: number;
  readonly requestContext: RequestContext;
}

/** Whoever runs the service and calls a command: without a token, and free to give every level. */
export const operator = { userId: null, requestContext: noRequest } as const;

/** Who may change somebody else. */
export type Principal = Actor | typeof operator;
