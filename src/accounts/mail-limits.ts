import type { RequestContext } from '../audit/event.ts';
import type { Transaction } from '../db/client.ts';
import type { TemplateName } from '../mail/template-names.ts';
import type { Policy } from '../throttle/failed-attempts.ts';
import type { AccountsContext } from './context.ts';
import { countedAt } from './sign-in/attempts.ts';

const HOURLY_LIMIT = 100;
const INTERVAL_MS = 3_600_000 / HOURLY_LIMIT;

/** Mails of a kind that one network may cause: an office may register within minutes, and goes on with one each 36 seconds. */
const policy: Policy = {
  free: HOURLY_LIMIT,
  firstDelayMs: INTERVAL_MS,
  maxDelayMs: INTERVAL_MS,
  expiryMs: INTERVAL_MS,
};

/**
 * Whether somebody may cause another mail: counted by the mailbox and, where that may get it, by the network that the request comes from.
 *
 * @param templates what counts together, as in {@link Outbox.allows}
 */
export async function allowsMail(
  { outbox, throttle }: AccountsContext,
  tx: Transaction,
  { recipient, templates }: { recipient: string; templates: readonly [TemplateName, ...TemplateName[]] },
  { ip }: RequestContext,
): Promise<boolean> {
  if (!(await outbox.allows(tx, recipient, templates))) return false;
  return throttle.count(countedAt(`mail ${templates[0]}`, ip, policy), tx);
}
