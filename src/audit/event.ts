/** What is recorded. The names are part of the API: `GET /audit-events` filters by them. */
export const actions = [
  'user.registered',
  'user.created',
  'user.name-changed',
  'user.email-changed',
  'user.password-changed',
  'user.password-reset',
  'user.access-changed',
  'user.access-fell-back',
  'user.disabled',
  'user.enabled',
  'user.deleted',
  'session.opened',
  'session.reauthenticated',
  'session.ended',
  'session.reuse-detected',
  'sign-in.failed',
  'access.denied',
  'invitation.created',
  'invitation.resent',
  'invitation.revoked',
  'invitation.accepted',
  'key.added',
  'key.removed',
  'level.added',
  'level.removed',
  'database.restored',
] as const;
export type AuditAction = (typeof actions)[number];

/** Where a change came from; all null for what no request asked for: a command, a job, a boot. */
export interface RequestContext {
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

/** Commands, jobs and boots. */
export const noRequest: RequestContext = { ip: null, userAgent: null, requestId: null };

type Members = Readonly<Record<string, string | number | boolean | null>>;

/** Something that happened. */
export interface AuditRecord {
  readonly action: AuditAction;
  /** The user who did it; null for strangers, commands and the service itself. */
  readonly actorId: string | null;
  /** The user that it was done to; else the invitation's id, the key's kid or the level's name. */
  readonly targetId: string | null;
  /** What changed, as far as it is not personal. */
  readonly before?: Members;
  readonly after?: Members;
  /** What it says of the target as a person. */
  readonly personal?: {
    readonly before?: Members;
    readonly after?: Members;
    readonly reason?: string;
  };
  /** How often it happened; once when it is left out. */
  readonly count?: number;
  readonly requestContext: RequestContext;
}
