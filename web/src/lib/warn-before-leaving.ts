import { useEffect } from 'preact/hooks';

/** A click on another page of the browser asks first: what is shown only once would be lost. */
export function useWarnBeforeLeaving(): void {
  useEffect(() => {
    const warn = (event: Event) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, []);
}
