import { page } from './environment.ts';

/** The storage of the tokens: the Web Storage API, or the same methods with promises (React Native). */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): void | Promise<void>;
  removeItem(key: string): void | Promise<void>;
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
