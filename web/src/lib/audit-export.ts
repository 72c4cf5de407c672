import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../session.ts';
import type { AuditFilter } from './audit.ts';
import { download } from './download.ts';

/** The events of a file: they are in the memory of the page until it is complete. */
export const MAX_EXPORTED_EVENTS = 100_000;

/** Events of a request: the most that the service answers. */
const PAGE_SIZE = 100;

/** How an export stands. */
export type ExportState =
  | { readonly step: 'idle' }
  | { readonly step: 'running' | 'stopped' | 'done' | 'full'; readonly count: number }
  /** The service has asked to wait until this time, in milliseconds. */
  | { readonly step: 'waiting'; readonly count: number; readonly until: number }
  | { readonly step: 'failed'; readonly count: number; readonly error: unknown };

/** An export under way, with what it has so far. */
interface Run {
  readonly end: AbortController;
  readonly parts: Blob[];
  count: number;
  cursor: string | null | undefined;
}

export interface Export {
  readonly state: ExportState;
  readonly start: () => void;
  /** Gives up, without a file. */
  readonly stop: () => void;
  /** Goes on after a failure, where it was. */
  readonly goOn: () => void;
}

/** Loads all events of a filter, page by page, and saves them as JSON Lines. It ends with the component. */
export function useExport(filter: AuditFilter): Export {
  const [state, setState] = useState<ExportState>({ step: 'idle' });
  const run = useRef<Run | undefined>(undefined);
  useEffect(() => () => run.current?.end.abort(), []);

  const load = async (own: Run): Promise<ExportState> => {
    const { signal } = own.end;
    while (own.cursor !== null && own.count < MAX_EXPORTED_EVENTS) {
      setState({ step: 'running', count: own.count });
      const query = { ...filter, limit: PAGE_SIZE, ...(own.cursor !== undefined && { cursor: own.cursor }) };
      const { data, error, response } = await api.GET('/audit-events', { params: { query }, signal });
      if (data !== undefined) {
        own.parts.push(new Blob(data.events.map((event) => `${JSON.stringify(event)}\n`)));
        own.count += data.events.length;
        own.cursor = data.nextCursor;
        continue;
      }
      const waitMs = Number(response.headers.get('retry-after')) * 1_000;
      if (response.status !== 429 || !(waitMs > 0)) return { step: 'failed', count: own.count, error };
      setState({ step: 'waiting', count: own.count, until: Date.now() + waitMs });
      await delay(waitMs, signal);
    }
    download(fileName(), new Blob(own.parts, { type: 'application/x-ndjson' }));
    return { step: own.cursor === null ? 'done' : 'full', count: own.count };
  };
  const go = (own: Run) => {
    run.current = own;
    load(own)
      .catch((error: unknown): ExportState => ({ step: 'failed', count: own.count, error }))
      .then((end) => {
        if (own.end.signal.aborted) return;
        if (end.step !== 'failed') run.current = undefined;
        setState(end);
      });
  };
  return {
    state,
    start: () => {
      if (state.step === 'running' || state.step === 'waiting') return;
      go({ end: new AbortController(), parts: [], count: 0, cursor: undefined });
    },
    stop: () => {
      const count = run.current?.count ?? 0;
      run.current?.end.abort();
      run.current = undefined;
      setState({ step: 'stopped', count });
    },
    goOn: () => {
      if (run.current !== undefined && state.step === 'failed') go(run.current);
    },
  };
}

/** Waits. @throws when the signal is aborted */
function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** The name of a file of today, in the reader's zone. */
function fileName(): string {
  const now = new Date();
  const day = new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  return `latchkey-audit-${day}.jsonl`;
}
