/** The actions that are recorded. The names are part of the API: `GET /audit-events` filters by them. */
export const actions = [
  'user.registered',
  'user.created',
  'user.name-changed',
  'user.email-changed',
  'user.email-change-stopped',
  'user.password-changed',
  'user.password-reset',
  'user.access-changed',
  'user.elevation-expired',
  'user.disabled',
  'user.enabled',
  'user.deleted',
  'authenticator.added',
  'authenticator.removed',
  'authenticator.renamed',
  'passkey.counter-fell',
  'recovery-codes.renewed',
  'session.opened',
  'session.reauthenticated',
  'session.continued-elsewhere',
  'session.ended',
  'session.reuse-detected',
  'sign-in.failed',
  'second-factor.failed',
  'recovery-code.used',
  'access.denied',
  'invitation.created',
  'invitation.resent',
  'invitation.revoked',
  'invitation.accepted',
  'api-key.created',
  'api-key.ended',
  'key.added',
  'key.removed',
  'level.added',
  'level.removed',
  'relying-party.changed',
  'database.restored',
  'audit.macs-required',
] as const;
export type AuditAction = (typeof actions)[number];

/** The request that caused an event. All null when it was no request but a command, a job or a start. */
export interface RequestContext {
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  /** True for a request of a page of the service's own origin: only its answer may set a cookie. */
  readonly isSameOrigin?: boolean;
  /** The API key with which the actor asked for it, if any. */
  readonly apiKeyId?: string;
}

/**
 * Characters of a User-Agent header that are stored: a client can send one that fills the limit of all
 * headers.
 */
export const MAX_USER_AGENT_LENGTH = 256;

/** Request context of commands, jobs and starts. */
export const noRequest: RequestContext = { ip: null, userAgent: null, requestId: null };

type Members = Readonly<Record<string, string | number | boolean | null>>;

/** An event to record. */
export interface AuditRecord {
  readonly action: AuditAction;
  /** The user who did it; null for unauthenticated callers, commands and the service itself. */
  readonly actorId: string | null;
  /** Id of the user or invitation, kid of the key or name of the level that it was done to. */
  readonly targetId: string | null;
  /** Values before and after the change, without personal data. */
  readonly before?: Members;
  readonly after?: Members;
  /** Personal data of the target. */
  readonly personal?: {
    readonly before?: Members;
    readonly after?: Members;
    readonly reason?: string;
  };
  /** Number of times that it happened; 1 by default. */
  readonly count?: number;
  readonly requestContext: RequestContext;
}
