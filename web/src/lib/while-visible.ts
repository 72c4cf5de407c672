import { useEffect, useRef } from 'preact/hooks';

/**
 * Does something at an interval while the page is visible, and at once when it is seen again or gets the
 * focus. Of two windows side by side both stay visible: then the focus alone tells which one is looked at.
 */
export function useWhileVisible(work: () => void, intervalMs: number): void {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') latest.current();
    };
    const timer = setInterval(look, intervalMs);
    document.addEventListener('visibilitychange', look);
    addEventListener('focus', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
      removeEventListener('focus', look);
    };
  }, [intervalMs]);
}
