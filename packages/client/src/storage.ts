import { page } from './environment.ts';
import { parseSession, type Session } from './session.ts';

/** The storage of the tokens: the Web Storage API, or the same methods with promises (React Native). */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
  removeItem(key: string): void | Promise<void>;
}

/** The session in a storage. */
export interface SessionStore {
  /** @returns null for none, and for a text that is none */
  read(): Promise<Session | null>;
  /** @param session null removes it */
  write(session: Session | null): Promise<void>;
}

/** Keeps the session under a key of a storage. */
export function sessionStore(storage: TokenStorage, key: string): SessionStore {
  return {
    read: async () => parseSession(await storage.getItem(key)),
    write: async (session) =>
      session === null ? storage.removeItem(key) : storage.setItem(key, JSON.stringify(session)),
  };
}

/** Makes a storage that lasts as long as the page or the process. */
export function memoryStorage(): TokenStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

declare const localStorage: TokenStorage | undefined;

/** Returns `localStorage` in a browser that allows it, else a storage in memory. */
export function defaultStorage(): TokenStorage {
  try {
    // Node.js may have a localStorage too, which would sign in the next process.
    if (page() !== undefined && typeof localStorage === 'object') return localStorage;
  } catch {
    // A browser that blocks the data of sites throws a SecurityError.
  }
  return memoryStorage();
}
