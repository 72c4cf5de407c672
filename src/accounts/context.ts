import type { AccessLevels } from '../access/levels.ts';
import { noRequest, type RequestContext } from '../audit/event.ts';
import type { EventAggregator } from '../audit/event-aggregator.ts';
import type { Recorder } from '../audit/record.ts';
import type { Config } from '../config/index.ts';
import type { Encryption } from '../crypto/encryption.ts';
import type { Database } from '../db/client.ts';
import type { Outbox } from '../mail/outbox.ts';
import type { Throttle } from '../throttle/throttle.ts';
import type { MailCodes } from '../tokens/mail-codes.ts';
import type { PasskeyChallenges } from '../tokens/passkey-challenges.ts';
import type { RevocationFeed } from '../tokens/revocations.ts';

/** The dependencies of every function in `accounts/`. Routes, commands and jobs pass the same. */
export interface AccountsContext extends Pick<Database, 'db' | 'now'> {
  readonly levels: AccessLevels;
  readonly revocations: Pick<RevocationFeed, 'apply'>;
  /** The limit on failed attempts. */
  readonly throttle: Throttle;
  /** The counts of denied requests and failed sign-ins for the audit log. */
  readonly eventAggregator: Pick<EventAggregator, 'add'>;
  /** The writer of audit events of changes. */
  readonly recorder: Recorder;
  readonly outbox: Outbox;
  /** Encryption for the purpose `totp`. */
  readonly totpEncryption: Encryption;
  /** The levels that ask for a second factor. */
  readonly secondFactor: Config['secondFactor'];
  readonly signInMethods: Config['signInMethods'];
  /** The names of passkeys, or the reason why there are none. */
  readonly passkeys: Config['passkeys'];
  readonly passkeyChallenges: Pick<PasskeyChallenges, 'read' | 'write'>;
  readonly mailCodes: Pick<MailCodes, 'codeOf' | 'isCodeOf'>;
  /** The base URL of the links in mails, without a slash at the end. */
  readonly frontendUrl: string;
  /** The part of these links that has the token. */
  readonly mailLinks: Config['mailLinks'];
}

/** The members that all actors of requests have, from the claims of an access token or an API key. */
interface RequestActor {
  readonly userId: string;
  readonly access: number;
  readonly generation: number;
  readonly requestContext: RequestContext;
}

/** The user who asks for a change, with the session of the access token. */
export interface SessionActor extends RequestActor {
  readonly sessionId: string;
}

/** The owner of the API key with which a program asks for a change. */
export interface KeyActor extends RequestActor {
  readonly keyId: string;
}

/** The user who asks for a change: with a session or with an API key. */
export type Actor = SessionActor | KeyActor;

/** The operator who runs the service and calls a command. There is no token, and every level may be given. */
export const operator = { userId: null, requestContext: noRequest } as const;

/** A user or an operator who asks for a change to an account. */
export type Principal = Actor | typeof operator;
