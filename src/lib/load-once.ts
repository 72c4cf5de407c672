/**
 * Loads at the first call, once for all callers. After a failed load, the next call tries again: the missing
 * resource (a file descriptor, a network) may be available again.
 */
export function loadOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return async () => {
    loading ??= load();
    const current = loading;
    try {
      return await current;
    } catch (error) {
      // By then another load may be under way.
      if (loading === current) loading = undefined;
      throw error;
    }
  };
}
