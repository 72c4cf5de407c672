import type { RequestContext } from '../audit/event.ts';
import type { TemplateName } from '../mail/template-names.ts';
import type { Policy } from '../throttle/failed-attempts.ts';
import type { Change } from './change.ts';
import { networkCounters } from './sign-in/attempts.ts';

const HOURLY_LIMIT = 100;
const INTERVAL_MS = 3_600_000 / HOURLY_LIMIT;

/**
 * The limit on mails of one kind that one network may cause. An office may register within minutes, and can
 * then send one more mail every 36 seconds.
 */
const policy: Policy = {
  free: HOURLY_LIMIT,
  firstDelayMs: INTERVAL_MS,
  maxDelayMs: INTERVAL_MS,
  expiryMs: INTERVAL_MS,
};

/**
 * Decides whether a client may cause another mail. Mails are counted by recipient. If the recipient may get
 * one more, they are counted by the client's network too.
 *
 * @param templates that are counted together, as in {@link Outbox.allows}
 */
export async function allowsMail(
  { context: { outbox, throttle }, tx }: Change,
  { recipient, templates }: { recipient: string; templates: readonly [TemplateName, ...TemplateName[]] },
  { ip }: RequestContext,
): Promise<boolean> {
  if (!(await outbox.allows(tx, recipient, templates))) return false;
  return throttle.count(networkCounters(`mail ${templates[0]}`, ip, policy), tx);
}
