import { isProblem } from '@latchkey/client';
import { useEffect, useState } from 'preact/hooks';
import { createStore, useStore } from './store.ts';

/** False while the service does not answer, or only says that it is interrupted. What is shown may be old. */
export const reach = createStore(true);

/** Why the banner above all pages is shown; undefined while it is not. */
export function useOutage(): 'offline' | 'away' | undefined {
  const isReached = useStore(reach);
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener('online', look);
    addEventListener('offline', look);
    return () => {
      removeEventListener('online', look);
      removeEventListener('offline', look);
    };
  }, []);
  if (!isOnline) return 'offline';
  return isReached ? undefined : 'away';
}

/** Tells whether an error says no more than the banner: no answer, or an interruption. */
export function isAway(error: unknown): boolean {
  return error !== undefined && (!isProblem(error) || error.status === 503);
}
