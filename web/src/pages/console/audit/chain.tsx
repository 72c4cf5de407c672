import type { paths } from '@latchkey/client';
import { CopyButton } from '../../../components/copy-button.tsx';
import { Notice } from '../../../components/notice.tsx';
import { Part } from '../../../components/part.tsx';
import { Loaded } from '../../../components/states.tsx';
import { Time } from '../../../components/time.tsx';
import { describeCount } from '../../../lib/count.ts';
import { useResource } from '../../../lib/resource.ts';
import { api } from '../../../session.ts';
import { auditTexts } from '../../../texts/console/audit.ts';

const own = auditTexts.chain;

/** The number that stands for itself and more. */
const MAX_UNSEALED = 1_000;

type AuditChain = paths['/audit-chain']['get']['responses'][200]['content']['application/json'];

/** The ends of the chain, and what to compare them with. */
export function Chain() {
  const chain = useResource(() => api.GET('/audit-chain'));
  return (
    <Part title={own.title}>
      <p>{own.explain}</p>
      <Loaded resource={chain}>{(data) => <Ends chain={data} />}</Loaded>
    </Part>
  );
}

function Ends({ chain: { head, oldest, sealedAt, unsealed, isAuthentic } }: { readonly chain: AuditChain }) {
  const text = head === null ? undefined : `${head.number}:${head.hash}`;
  return (
    <>
      {!isAuthentic && (
        <div role="alert">
          <Notice tone="error">{own.broken}</Notice>
        </div>
      )}
      <dl class="facts">
        <dt>{own.head}</dt>
        <dd>
          {text === undefined ? own.none : <code class="link-text">{text}</code>}{' '}
          {text !== undefined && (
            <CopyButton text={() => text} copy={own.copy} copied={own.copied} look="link" />
          )}
        </dd>
        {sealedAt !== null && (
          <>
            <dt>{own.sealedAt}</dt>
            <dd>
              <Time at={sealedAt} precision="second" />
            </dd>
          </>
        )}
        {oldest !== null && (
          <>
            <dt>{own.oldest}</dt>
            <dd>
              {own.oldestIs(describeCount(oldest.number))} <Time at={oldest.createdAt} />
            </dd>
          </>
        )}
        <dt>{own.unsealed}</dt>
        <dd>
          {unsealed < MAX_UNSEALED ? describeCount(unsealed) : own.orMore(describeCount(unsealed))}
          {unsealed > 0 && <p class="muted">{own.unsealedNote}</p>}
        </dd>
      </dl>
      <p>
        {own.verify}{' '}
        <code class="link-text">{text === undefined ? own.plainCommand : own.command(text)}</code>
      </p>
    </>
  );
}
