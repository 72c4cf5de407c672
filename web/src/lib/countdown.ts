import { useEffect, useState } from 'preact/hooks';
import { texts } from '../texts.ts';

const SECOND_MS = 1_000;
const MINUTE_SECONDS = 60;

/** Counts down to a moment. @returns the seconds that are left; 0 when it has passed */
export function useCountdown(until: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  const left = until === undefined ? 0 : Math.max(0, Math.ceil((until - now) / SECOND_MS));
  useEffect(() => {
    setNow(Date.now());
    if (until === undefined) return;
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, [until, left > 0]);
  return left;
}

/** Writes a time to wait: in seconds, or from two minutes on in minutes. */
export function describeDuration(seconds: number): string {
  return seconds < 2 * MINUTE_SECONDS
    ? texts.duration.seconds(seconds)
    : texts.duration.minutes(Math.ceil(seconds / MINUTE_SECONDS));
}
