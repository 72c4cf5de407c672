import { useEffect, useReducer } from 'preact/hooks';

/** A value that components can watch. */
export interface Store<Value> {
  get(): Value;
  set(value: Value): void;
  subscribe(listener: () => void): () => void;
}

/** Makes a value that components can watch with {@link useStore}. */
export function createStore<Value>(initial: Value): Store<Value> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set: (value) => {
      if (Object.is(value, current)) return;
      current = value;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Returns the value of a store, and renders again when it changes. */
export function useStore<Value>({ get, subscribe }: Pick<Store<Value>, 'get' | 'subscribe'>): Value {
  const [, render] = useReducer((count: number) => count + 1, 0);
  const value = get();
  useEffect(() => {
    // It may have changed between the rendering and this effect.
    if (!Object.is(get(), value)) render(undefined);
    return subscribe(() => render(undefined));
    // The functions of a store never change.
  }, [get, subscribe]);
  return value;
}
