import type { ComponentChildren } from 'preact';

export interface NoticeProps {
  readonly tone?: 'info' | 'success' | 'warning' | 'error';
  readonly children: ComponentChildren;
}

/** A message in a box. Put it into an element with a live role where it appears after the page. */
export function Notice({ tone = 'info', children }: NoticeProps) {
  return <div class={`notice ${tone}`}>{children}</div>;
}
