/** The parts of browsers that React Native and Node.js may lack. */
interface Page {
  readonly visibilityState: string;
  readonly baseURI: string;
  addEventListener(type: string, listener: () => void, options: { signal: AbortSignal }): void;
}
declare const document: Page | undefined;

interface Channel {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}
declare const BroadcastChannel: (new (name: string) => Channel) | undefined;

/** Returns the document of a browser. */
export function page(): Page | undefined {
  return typeof document === 'undefined' ? undefined : document;
}

/** Opens a channel to the other tabs, where there is one. */
export function openChannel(name: string, onMessage: (data: unknown) => void): Channel | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => onMessage(data);
  unref(channel);
  return channel;
}

declare const addEventListener: Page['addEventListener'] | undefined;

/** Calls a listener when another tab has changed `localStorage` and this one can read the change. */
export function onStorage(listener: () => void, signal: AbortSignal): void {
  if (page() !== undefined && typeof addEventListener === 'function')
    addEventListener('storage', listener, { signal });
}

/** Allows Node.js to end while a timer or a channel is open. */
export function unref(handle: unknown): void {
  if (
    typeof handle === 'object' &&
    handle !== null &&
    'unref' in handle &&
    typeof handle.unref === 'function'
  )
    handle.unref();
}
