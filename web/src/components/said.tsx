import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Notice, type NoticeProps } from './notice.tsx';

interface SaidProps {
  /** What was done last; another object each time, so that the same text is said again. */
  readonly what: object | undefined;
  readonly tone?: NoticeProps['tone'];
  readonly children: ComponentChildren;
}

/** Says what was done, and gets the focus: what was pressed is gone, or says something else now. */
export function Said({ what, tone = 'success', children }: SaidProps) {
  const message = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (what !== undefined) message.current?.focus();
  }, [what]);
  return (
    <div ref={message} role="status" tabIndex={-1}>
      {what !== undefined && <Notice tone={tone}>{children}</Notice>}
    </div>
  );
}
