import { useEffect, useRef } from 'preact/hooks';
import type { Resource } from './resource.ts';
import { useWhileVisible } from './while-visible.ts';

/**
 * Loads something again and again while the page is visible, and at once when it is seen again or gets the
 * focus. A load that takes longer is waited for.
 *
 * @param at also loads it at this moment, in milliseconds since 1970
 */
export function useFollow(
  { isLoading, reload }: Pick<Resource<unknown>, 'isLoading' | 'reload'>,
  intervalMs: number,
  at?: number,
): void {
  const latest = useRef({ isLoading, reload });
  latest.current = { isLoading, reload };
  useWhileVisible(() => {
    if (!latest.current.isLoading) latest.current.reload();
  }, intervalMs);
  useEffect(() => {
    const left = at === undefined ? -1 : at - Date.now();
    // A timer that is longer than the interval would only load what is loaded anyway.
    if (left < 0 || left > intervalMs) return;
    const timer = setTimeout(() => latest.current.reload(), left);
    return () => clearTimeout(timer);
  });
}
