import { useEffect, useRef } from 'preact/hooks';
import { Notice } from '../../../components/notice.tsx';
import type { AuditFilter } from '../../../lib/audit.ts';
import { type ExportState, MAX_EXPORTED_EVENTS, useExport } from '../../../lib/audit-export.ts';
import { describeCount } from '../../../lib/count.ts';
import { describeDuration, useCountdown } from '../../../lib/countdown.ts';
import { describeError } from '../../../lib/problems.ts';
import { auditTexts } from '../../../texts/console/audit.ts';

const own = auditTexts.export;
const MAX = describeCount(MAX_EXPORTED_EVENTS);

/** Saves all events of the filters as a file. */
export function Exporter({ filter }: { readonly filter: AuditFilter }) {
  const { state, start, stop, goOn } = useExport(filter);
  const left = useCountdown(state.step === 'waiting' ? state.until : undefined);
  const message = useRef<HTMLDivElement>(null);
  const { step } = state;
  const isOver = step === 'done' || step === 'full' || step === 'stopped' || step === 'failed';
  // The button that was pressed is gone.
  useEffect(() => {
    if (isOver) message.current?.focus();
  }, [isOver, step]);
  return (
    <div class="export">
      {step === 'running' || step === 'waiting' ? (
        <div class="progress">
          <span class="spinner" aria-hidden="true" />
          <span>
            {step === 'waiting'
              ? own.waiting(describeCount(state.count), describeDuration(left))
              : own.running(describeCount(state.count))}
          </span>
          <button type="button" class="button" onClick={stop}>
            {own.stop}
          </button>
        </div>
      ) : (
        <>
          <button type="button" class="button" onClick={start}>
            {own.start}
          </button>
          <p class="muted">{own.hint(MAX)}</p>
        </>
      )}
      <div ref={message} role="status" tabIndex={-1}>
        {step === 'running' && <span class="visually-hidden">{own.began}</span>}
        {isOver && <Outcome state={state} goOn={goOn} />}
      </div>
    </div>
  );
}

function Outcome({ state, goOn }: { readonly state: ExportState; readonly goOn: () => void }) {
  switch (state.step) {
    case 'done':
      return <Notice tone="success">{own.done(describeCount(state.count))}</Notice>;
    case 'full':
      return <Notice tone="warning">{own.full(MAX)}</Notice>;
    case 'stopped':
      return <Notice>{own.stopped(describeCount(state.count))}</Notice>;
    case 'failed':
      return (
        <Notice tone="error">
          <p>
            {own.failed(describeCount(state.count))} {describeError(state.error)}
          </p>
          <button type="button" class="button" onClick={goOn}>
            {own.goOn}
          </button>
        </Notice>
      );
    default:
      return null;
  }
}
