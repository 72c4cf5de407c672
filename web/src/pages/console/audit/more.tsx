import type { AuditEvent } from '../../../lib/audit.ts';
import { describeCount } from '../../../lib/count.ts';
import { Link } from '../../../router.tsx';
import { auditTexts } from '../../../texts/console/audit.ts';

const own = auditTexts.more;

/** What is compared with logs: ids, and the user agent as it was sent. */
export function More({ event }: { readonly event: AuditEvent }) {
  const { id, number, action, actorId, targetId, apiKeyId, requestId, userAgent } = event;
  const facts: readonly (readonly [string, string | null])[] = [
    [own.action, action],
    [own.number, number === null ? own.unsealed : describeCount(number)],
    [own.id, id],
    [own.actor, actorId],
    [own.target, targetId],
    [own.apiKey, apiKeyId],
    [own.request, requestId],
    [own.agent, userAgent],
  ];
  return (
    <details class="more">
      <summary>{own.title}</summary>
      <dl>
        {facts.map(
          ([title, value]) =>
            value !== null && (
              <div key={title}>
                <dt>{title}</dt>
                <dd>
                  <bdi>{value}</bdi>
                </dd>
              </div>
            ),
        )}
      </dl>
      {actorId !== null && (
        <p>
          <Link to="audit" search={`?actor=${encodeURIComponent(actorId)}`}>
            {own.byActor}
          </Link>
        </p>
      )}
      {targetId !== null && (
        <p>
          <Link to="audit" search={`?target=${encodeURIComponent(targetId)}`}>
            {own.toTarget}
          </Link>
        </p>
      )}
    </details>
  );
}
